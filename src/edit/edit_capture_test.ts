import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { forge, forgeRow, parseForgeDescription } from "../forge/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { diffCaptures } from "../report/diff/mod.ts";
import { allBytes, edited, recordsOf, smallCapture, verdictOf } from "./edit_for_test.ts";
import { type EditAction, EditError } from "./mod.ts";

/** Buffers of a channel, as they come. */
function buffers(capture: Parameters<typeof recordsOf>[0], channel: string): string[] {
  return (recordsOf(capture).get(channel) ?? []).filter((text) => text.startsWith("multifd-device-state"))
    .map((text) => text.split(" ")[1] ?? "");
}

async function differences(...edits: [EditAction, string][]): Promise<string[]> {
  const capture = smallCapture();
  return (await diffCaptures(capture, edited(capture, edits))).differences.map(({ name, kind }) => `${kind} ${name}`);
}

function errorsOf(capture: Parameters<typeof recordsOf>[0]): string[] {
  return checkCapture(capture, {}).problems.filter(({ severity }) => severity === "error").map(({ code }) => code);
}

Deno.test("an edit of nothing but itself changes no byte", () => {
  const capture = smallCapture();
  const same = edited(
    capture,
    [
      ["set", "kind=multifd-device-state,index=1,idx=1"],
      ["set", "kind=configuration,machine=pc-q35-10.2"],
      ["set", "kind=multifd-init,uuid=00000000000000000000000000000000"],
      ["set", "kind=section-*,sectionId=0"].slice(0, 2) as ["set", string],
    ].slice(0, 3) as ["set", string][],
  );
  assertEquals(allBytes(same), allBytes(capture));
  assertEquals([...same.events ?? []], [...capture.events ?? []]);
});

Deno.test("a dropped buffer leaves a gap, as row 4 of the matrix has it, and renumber closes it", async () => {
  const row = forgeRow("row-4");
  assert(row !== undefined);
  const capture = smallCapture();
  const gap = edited(capture, [["drop", "index=1"]]);
  assertEquals(await verdictOf(gap), row.expect);
  assertEquals(await verdictOf(gap), await verdictOf(forge(await parseForgeDescription(row.text))));
  assertEquals([buffers(gap, "multifd 0"), buffers(gap, "multifd 1")], [["0", "2", "4"], ["3"]]);
  const closed = edited(capture, [["drop", "index=1"], ["renumber", "device=*/vfio"]]);
  assertEquals(await verdictOf(closed), "ok");
  assertEquals([buffers(closed, "multifd 0"), buffers(closed, "multifd 1")], [["0", "1", "3"], ["2"]]);
});

Deno.test("a buffer that comes twice is row 8 of the matrix", async () => {
  const row = forgeRow("row-8");
  const twice = edited(smallCapture(), [["duplicate", "index=1"]]);
  assertEquals(await verdictOf(twice), row?.expect);
  assertEquals(buffers(twice, "multifd 1"), ["1", "1", "3"]);
  assertEquals(buffers(edited(smallCapture(), [["duplicate", "index=3,times=3"]]), "multifd 1"), ["1", "3", "3", "3"]);
});

Deno.test("buffers move before and behind others, from one channel to the other, and the device is the same", async () => {
  const moved = edited(smallCapture(), [["reorder", "index=3 before index=0"]]);
  assertEquals([buffers(moved, "multifd 0"), buffers(moved, "multifd 1")], [["3", "0", "2", "4"], ["1"]]);
  assertEquals(await verdictOf(moved), "ok");
  const behind = edited(smallCapture(), [["reorder", "index=0 after index=2..3"]]);
  assertEquals([buffers(behind, "multifd 0"), buffers(behind, "multifd 1")], [["2", "4"], ["1", "3", "0"]]);
  assertEquals(await differences(["reorder", "device=*/vfio,index=4 before index=0"]), []);
});

Deno.test("a shuffle is the same for the same seed, and another for another", async () => {
  const orders = [1, 1, 2, 3].map((seed) => {
    const shuffled = edited(smallCapture(), [["reorder", "device=*/vfio shuffle"]], { seed });
    return [buffers(shuffled, "multifd 0"), buffers(shuffled, "multifd 1")].join(" ");
  });
  assertEquals(orders[0], orders[1]);
  assert(new Set(orders).size > 1);
  assertEquals(await verdictOf(edited(smallCapture(), [["reorder", "device=*/vfio shuffle"]], { seed: 5 })), "ok");
});

Deno.test("a field that is set is the only one that differs, and what depends on it is right", async () => {
  assertEquals(await differences(["set", "kind=configuration,machine=pc-q35-9.2"]), ["changed configuration.machine"]);
  assertEquals(await differences(["set", "index=1,data=00112233"]), ["changed devices.0000:00:05.0/vfio[0].state"]);
  assertEquals(await differences(["set", "index=4,config.pci.command=0x7"]), [
    "changed devices.0000:00:05.0/vfio[0].config.space.command",
  ]);
  const named = edited(smallCapture(), [["set", "kind=configuration,machine=a-machine-with-a-longer-name"]]);
  assertEquals(errorsOf(named), ["machine"]);
  assertEquals(errorsOf(edited(smallCapture(), [["set", "index=1,data=00"]])), []);
});

Deno.test("what is set itself stays wrong, and so does what is to be left wrong", async () => {
  const own = edited(smallCapture(), [["set", "index=1,nextPacketSize=5"]]);
  assertEquals(errorsOf(own).includes("short"), true);
  const left = edited(smallCapture(), [["set", "index=1,data=00"]], { leaveWrong: ["lengths"] });
  assert(errorsOf(left).length > 0);
  assertEquals(left.report.leftWrong, ["lengths"]);
  assertEquals(await verdictOf(edited(smallCapture(), [["set", "index=1,data=00"]])), "ok");
});

Deno.test("a section goes with its header, and its footer follows the id that is set", () => {
  const capture = smallCapture();
  const without = edited(capture, [["drop", "section=*/vfio"]]);
  assertEquals([...recordsOf(without).values()].flat().filter((text) => text.startsWith("vfio-")), []);
  const ids: ["set", string][] = [
    ["set", "section=*/vfio,kind=section-start,sectionId=77"],
    ["set", "section=*/vfio,kind=section-end,sectionId=77"],
  ];
  const renamed = edited(capture, ids);
  assertEquals(errorsOf(renamed), []);
  const footers = renamed.report.changes.filter(({ repair }) => repair === "footers");
  assert(footers.length >= 2 && footers.every(({ after }) => after === 77));
  const left = edited(capture, ids, { leaveWrong: ["footers"] });
  assert(errorsOf(left).includes("footer-mismatch"));
  assertThrows(
    () => edited(capture, [["drop", "kind=section-footer,nth=1"]]),
    EditError,
    "its section would have none",
  );
  const bare = edited(capture, [["drop", "kind=section-footer,nth=1"]], { leaveWrong: ["footers"] });
  assert(errorsOf(bare).length > 0);
});

Deno.test("a channel that is dropped is gone with its connection", () => {
  const capture = smallCapture();
  const without = edited(capture, [["drop", "channel=multifd 1"]]);
  assertEquals(without.channels.map(({ label }) => label), ["channel-00.s2d", "channel-01.s2d"]);
  assertEquals([...without.events ?? []].filter(({ channel }) => channel === 2), []);
  assertEquals(without.report.channels.at(-1)?.after, null);
});

Deno.test("a channel ends where it is truncated", async () => {
  const capture = smallCapture();
  const size = capture.channels[2]?.source?.size ?? 0;
  for (const [text, left] of [["at=100", 100], ["at=-10", size - 10], [`at=${size}`, size], ["at=0", 0]] as const) {
    const cut = edited(capture, [["truncate", `channel=multifd 1,${text}`]]);
    assertEquals(cut.channels[2]?.source?.size ?? 0, left, text);
    const ends = [...cut.events ?? []].filter((event) => event.kind === "end" && event.channel === 2);
    assertEquals(ends.map((event) => "offset" in event && event.offset), [left, 0]);
  }
  const cut = edited(capture, [["truncate", "index=1"]]);
  assertEquals(recordsOf(cut).get("multifd 1")?.at(-1), "multifd-sync 1344");
  const within = edited(capture, [["truncate", "index=1,within=20"]]);
  assertEquals(recordsOf(within).get("multifd 1")?.at(-1), "truncated 20");
  assertEquals(await verdictOf(within), await verdictOf(edited(capture, [["truncate", "index=1,within=30"]])));
  assertThrows(() => edited(capture, [["truncate", "channel=main,at=99999999"]]), EditError, "it has");
  assertThrows(() => edited(capture, [["truncate", "index=1,within=9999"]]), EditError, "has 338 bytes");
});

Deno.test("bits that are flipped are told, and the same for the same seed", () => {
  const capture = smallCapture();
  const corrupted = (seed: number) => edited(capture, [["corrupt", "index=1,bits=5,bytes=276..287"]], { seed });
  const [before, after] = [allBytes(capture), allBytes(corrupted(1))];
  const { changes } = corrupted(1).report;
  for (const { offset, before: was } of changes) assertEquals(before.get("channel-02.s2d")?.[offset], was);
  const now = after.get("channel-02.s2d") ?? new Uint8Array(0);
  const bits = [...now].reduce((sum, byte, i) => {
    let differing = byte ^ (before.get("channel-02.s2d")?.[i] ?? 0);
    for (; differing !== 0; differing &= differing - 1) sum++;
    return sum;
  }, 0);
  assertEquals(bits, 5);
  assertEquals(allBytes(corrupted(1)), after);
  assert(JSON.stringify(corrupted(2).report.changes) !== JSON.stringify(changes));
  assertThrows(() => edited(capture, [["corrupt", "index=1,bits=99,bytes=0..1"]]), EditError, "16 are the most");
});

Deno.test("an edit that cannot be done says why, and what there is", () => {
  const cases: [EditAction, string, string][] = [
    ["drop", "index=9", "Cannot find a record for index=9"],
    ["drop", "device=0000:00:09.0/vfio", "Cannot find a record for device=0000:00:09.0/vfio"],
    ["drop", "channel=multifd 7", 'Cannot find the channel "multifd 7"'],
    ["drop", "kind=multifd-devic-state", "there is none"],
    ["drop", "devise=x", 'Cannot use "devise" here'],
    ["drop", "index=x", "it is no whole number"],
    ["drop", "index=5..3", "it is no range"],
    ["drop", "index=1,index=2", "Cannot select by index twice"],
    ["drop", "device", 'Cannot use "device" here'],
    ["drop", "device=", "is no key=value"],
    ["drop", '"a', "a quote does not end"],
    ["drop", 'device="a"b', "is no key=value"],
    ["set", "index=1", "no field is set"],
    ["set", "index=1,ifx=1", "has such a field"],
    ["set", "index=1,idx=-1", "it has no sign"],
    ["set", "index=1,idx=4294967296", "it has 32 bits"],
    ["set", "index=1,idx=x", "it is no number"],
    ["set", "index=1,data=xyz", "it is bytes"],
    ["set", "index=1,data=@file", "no file can be read here"],
    ["set", "kind=multifd-init,uuid=00", "it has 16"],
    ["set", "kind=multifd-device-state,index=1,idstr=" + "x".repeat(257), "256 fit"],
    ["set", "idx=1", "it says of no record"],
    ["set", "index=1,shuffle", "it is no field=value"],
    ["reorder", "index=1", "Cannot read the order"],
    ["reorder", "index=1 before index=1", "before themselves"],
    ["reorder", "kind=command shuffle", "no buffer"],
    ["renumber", "kind=command", "no buffer"],
    ["duplicate", "index=1,times=0", "1 to 10000"],
    ["truncate", "channel=main", "where is missing"],
    ["truncate", "index=1,at=5", "with more than a channel"],
    ["corrupt", "index=1,bits=0", "can be had"],
  ];
  for (const [action, text, message] of cases) {
    const error = assertThrows(() => edited(smallCapture(), [[action, text]]), EditError, undefined, text);
    assertStringIncludes(error.message, message, `${action} ${text}`);
  }
});
