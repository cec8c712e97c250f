import { assertEquals, assertRejects } from "@std/assert";
import { readBytes } from "../capture/mod.ts";
import { CaptureTap } from "../emit/plan_for_test.ts";
import { EmitError } from "../emit/mod.ts";
import { forge, forgeDescription } from "../forge/mod.ts";
import { planReplay, replay } from "./mod.ts";

/** A channel that breaks, and a main channel that goes on: no source sends that. */
const BROKEN = forge(forgeDescription({
  title: "broken",
  steps: ["setup", { data: 1 }, { close: 0 }, "switchover-start", { data: { idx: 0, channel: 1 } }, "finish"],
}));

Deno.test("verbatim: every byte is sent when its turn is by the recording, and connections end where they ended", async () => {
  const { connections, needs } = await planReplay(BROKEN, { verbatim: true });
  assertEquals(connections.map(({ role, ending }) => [role, ending]), [
    ["main", "end"],
    ["multifd", "end"],
    ["multifd", "end"],
  ]);
  assertEquals(needs.multifdChannels, 2);
  const [main, first] = connections;
  // The packet comes before SWITCHOVER_START, whatever a source would do.
  const end = first?.steps.at(-1);
  assertEquals([end?.items, end?.after], [[], [{
    kind: "sent",
    connection: 1,
    steps: (first?.steps.length ?? 0) - 1,
  }]]);
  assertEquals(main?.steps.some(({ after }) => after.some((it) => it.kind === "sent" && it.connection === 1)), true);
});

Deno.test("verbatim: what is sent are the bytes of the capture", async () => {
  const tap = new CaptureTap();
  const { verdict } = await replay(BROKEN, {
    target: { kind: "nowhere" },
    changes: { verbatim: true },
    tap: () => tap,
  });
  assertEquals(verdict.kind, "written");
  const sent = tap.capture(BROKEN).channels.map(({ source }) =>
    source === undefined ? [] : readBytes(source, 0, source.size)
  );
  const recorded = BROKEN.channels.map(({ source }) => source === undefined ? [] : readBytes(source, 0, source.size));
  assertEquals(sent.slice(0, recorded.length), recorded);
});

Deno.test("verbatim: without times there is no order", async () => {
  const { events: _, ...timeless } = BROKEN;
  const error = await assertRejects(() => planReplay(timeless, { verbatim: true }), EmitError);
  assertEquals([error.code, error.hint], ["plan", "leave out --verbatim"]);
});
