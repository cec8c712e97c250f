import { assertEquals } from "@std/assert";
import { type Capture, MemorySource, openCapture, type SequentialRead, writePcapng } from "../capture/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { loadReport, type LoadReportOptions } from "../report/load/mod.ts";
import { loadOptionsOf } from "./load_options_for_test.ts";
import { forge, FORGE_ROWS, forgeDescription, parseForgeDescription } from "./mod.ts";

/** What the matrix wants of an engine, by rows (destination-engine.md B.7); a warning counts as ok. */
const KINDS: { readonly [kind: string]: readonly number[] } = {
  "ok": [1, 2, 3, 23, 25, 26, 27, 28, 31, 40, 42, 44, 47, 48, 63, 64, 65, 66, 67, 74, 88, 89, 90, 93],
  "would-hang": [4, 5, 6, 20, 22, 30, 46, 60, 72, 73, 82, 83, 92, 95],
  "would-abort": [9, 24, 38, 57],
  "lost-state": [11, 12, 13, 14, 17, 85, 91],
};

async function verdictOf(capture: Capture, options: LoadReportOptions): Promise<string> {
  const { kind, code } = (await loadReport(capture, options)).verdict;
  return code === "" ? kind : `${kind}(${code})`;
}

Deno.test("there is a description of every row of the matrix, and it expects what the matrix does", () => {
  assertEquals(FORGE_ROWS.map(({ row }) => row), Array.from({ length: 96 }, (_, i) => i + 1));
  for (const { row, expect } of FORGE_ROWS) {
    const kind = Object.keys(KINDS).find((kind) => KINDS[kind]?.includes(row)) ?? "error";
    assertEquals(expect.replace(/\(.*/, ""), kind, `row ${row}`);
  }
});

for (const { row, name, title, text } of FORGE_ROWS) {
  Deno.test(`row ${row}, forged: ${title}`, async () => {
    const description = await parseForgeDescription(text);
    const capture = forge(description, name);
    const options = loadOptionsOf(description);
    assertEquals(await verdictOf(capture, options), description.expect);
    // Packets in a pipe hold the same, and say who is to load them elsewhere.
    const piped = openCapture("-", { stdin: pipeOf(packetsOf(capture)) });
    assertEquals(await verdictOf({ ...piped, manifest: capture.manifest }, options), description.expect);
    assertEquals(
      piped.channels.map(({ source }) => source?.size),
      capture.channels.map(({ source }) => source?.size).filter((size) => size !== 0),
    );
  });
}

Deno.test("what is forged without a fault passes the checks", async () => {
  for (const { row, text } of FORGE_ROWS) {
    const description = await parseForgeDescription(text);
    if (description.expect !== "ok") continue;
    const { problems } = checkCapture(forge(description), {});
    assertEquals(problems.filter(({ severity }) => severity === "error"), [], `row ${row}`);
  }
});

/** What breaks on a channel when the main channel has come to its end, and a loader waits. */
const LATE: readonly (readonly unknown[])[] = [
  ["setup", "switchover", { data: 0 }, "finish", { raw: { channel: 0, content: [{ zeros: 64 }] } }],
  ["setup", "switchover", { data: { idx: 0, size: 3, length: 100 } }, "finish", { close: 0 }],
];

Deno.test("an error on a channel is heard when its bytes come, or no more come: behind the EOF byte by nobody", async () => {
  for (const steps of LATE) {
    const capture = forge(forgeDescription({ title: "late", steps }));
    assertEquals(await verdictOf(capture, {}), "would-hang(channel-error-after-end)");
  }
});

function packetsOf(capture: Capture): Uint8Array {
  const pieces: number[] = [];
  const sink = { write: (bytes: Uint8Array): void => void bytes.forEach((byte) => pieces.push(byte)) };
  for (const _ of writePcapng(capture, sink));
  return Uint8Array.from(pieces);
}

function pipeOf(bytes: Uint8Array): SequentialRead {
  const source = new MemorySource(bytes);
  let at = 0;
  return (into) => {
    const count = source.readAt(at, into);
    at += count;
    return count === 0 ? null : count;
  };
}
