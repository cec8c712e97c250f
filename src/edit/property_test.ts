import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Capture, readBytes } from "../capture/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { loadReport } from "../report/load/mod.ts";
import { allBytes, edited, smallCapture } from "./edit_for_test.ts";
import { EDIT_ACTIONS, type EditAction, EditError, parseEdit } from "./mod.ts";

const VALUE = fc.oneof(
  fc.nat(5).map(String),
  fc.bigInt(0n, 2n ** 64n).map(String),
  fc.nat(20).map((length) => "ab".repeat(length)),
  fc.constantFrom("true", "pc.ram", "0x10", "-1", "é", '"a,b"'),
);

const SELECTOR = fc.constantFrom(
  "index=0",
  "index=1..3",
  "device=*/vfio",
  "section=*/vfio",
  "section=ram",
  "channel=main",
  "channel=multifd 1",
  "kind=multifd-*",
  "kind=section-start,nth=1",
  "kind=configuration",
  "kind=command",
  "kind=vfio-*",
  "kind=ram-*",
  "kind=multifd-ram",
  "kind=section-footer,nth=1..2",
  "offset=0x60",
  "page=0..0x1000",
  "kind=file-header",
);

const FIELD = fc.constantFrom(
  "idx",
  "data",
  "machine",
  "idstr",
  "sectionId",
  "instanceId",
  "versionId",
  "uuid",
  "id",
  "flags",
  "magic",
  "version",
  "nextPacketSize",
  "normalPages",
  "pageOffsets[0]",
  "ramblock",
  "command",
  "payloadLength",
  "blocks[0].usedLength",
  "blocks[0].block",
  "tag",
  "size",
  "config.pci.command",
  "config.intxA",
  "config.configSpace",
  "nonsense",
);

const EDIT = fc.oneof(
  fc.record({ select: SELECTOR, field: FIELD, value: VALUE }).map(({ select, field, value }): [EditAction, string] => [
    "set",
    `${select},${field}=${value}`,
  ]),
  fc.tuple(fc.constantFrom<EditAction>("drop", "duplicate", "renumber", "shuffle", "corrupt"), SELECTOR),
  fc.tuple(SELECTOR, fc.constantFrom("before", "after"), SELECTOR)
    .map(([a, place, b]): [EditAction, string] => ["reorder", `${a} ${place} ${b}`]),
  fc.tuple(SELECTOR, fc.nat(400)).map(([select, within]): [EditAction, string] => [
    "truncate",
    `${select},${select.startsWith("channel=") ? "at" : "within"}=${within}`,
  ]),
);

/** What events tell of each channel agrees with its bytes, in order and without gaps. */
function assertToldWhole(capture: Capture): void {
  const told = new Map<string, number>();
  let time = 0;
  for (const event of capture.events ?? []) {
    assert(event.time >= time, "time goes back");
    time = event.time;
    if (event.kind === "open") continue;
    const key = `${event.channel} ${event.direction}`;
    if (event.kind === "data") {
      assertEquals(event.offset, told.get(key) ?? 0, key);
      told.set(key, event.offset + event.length);
    } else assertEquals(event.offset, told.get(key) ?? 0, key);
  }
  for (const { index, direction, source } of capture.channels) {
    assertEquals(told.get(`${index} ${direction}`) ?? 0, source?.size, `channel ${index}`);
  }
}

Deno.test("whatever edits are asked for, they end in a capture that can be read, or say why not", async () => {
  const capture = smallCapture();
  let done = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(EDIT, { minLength: 1, maxLength: 5 }), fc.nat(9), async (edits, seed) => {
      let result;
      try {
        result = edited(capture, edits, { seed });
      } catch (error) {
        // Anything else is a bug.
        if (error instanceof EditError) return;
        throw error;
      }
      done++;
      assertToldWhole(result);
      // What was read at once is what is read in pieces.
      for (const { source } of result.channels) {
        if (source === undefined) continue;
        const whole = readBytes(source, 0, source.size);
        assertEquals(whole.length, source.size);
        for (let at = 0; at < whole.length; at += 97) {
          assertEquals(readBytes(source, at, 5), whole.slice(at, at + 5));
        }
      }
      checkCapture(result, {});
      await loadReport(result);
      assertEquals(allBytes(edited(capture, edits, { seed })), allBytes(result));
    }),
    { numRuns: 300 },
  );
  assert(done > 10, `${done} were done`);
});

Deno.test("whatever is written as an edit, it is one, or is refused", () => {
  const letters = fc.array(
    fc.constantFrom("index", "=", ",", "1", '"', "\\", " before ", "..", "at", "-", "x", ".", "kind", "*", "@f", "é"),
    { maxLength: 12 },
  ).map((parts) => parts.join(""));
  fc.assert(fc.property(fc.constantFrom(...EDIT_ACTIONS), letters, (action, text) => {
    try {
      parseEdit(action, text);
    } catch (error) {
      assert(error instanceof EditError && error.code === "syntax", String(error));
    }
  }));
});

Deno.test("buffers in any order, of any sizes, with renumbered indexes, load", async () => {
  const sizes = fc.array(fc.nat(300), { minLength: 1, maxLength: 3 });
  const capture = smallCapture();
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(1000), fc.nat(3), async (lengths, seed, dropped) => {
      const result = edited(capture, [
        ...lengths.map((length, i): [EditAction, string] => ["set", `index=${i},data=${"5a".repeat(length + 1)}`]),
        ["drop", `index=${dropped}`],
        ["reorder", "device=*/vfio shuffle"],
        ["renumber", "device=*/vfio"],
      ], { seed });
      assertEquals(checkCapture(result, {}).problems.filter(({ severity }) => severity === "error"), []);
      assertEquals((await loadReport(result)).verdict.kind, "ok");
    }),
    { numRuns: 60 },
  );
});
