/** The model held to what QEMU itself said: its traces, and the log of the device's driver in `capture.json`. */

import { assert, assertEquals } from "@std/assert";
import { CORPUS_FOLDERS } from "../../../testing/corpus_folders.ts";
import { openCapture } from "../../capture/mod.ts";
import { inspectCapture } from "./inspect.ts";
import type { InspectReport, RamBlockSummary } from "./model.ts";

const [shared] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];
const ignore = CAPTURES.length === 0;

type Side = "source" | "destination";

/** A capture, and what is known of it from elsewhere. */
interface Known {
  readonly name: string;
  readonly report: InspectReport;
  /** It can be read, and both sides took all of it, so that the traces tell the whole stream. */
  readonly completed: boolean;
  /** The rests of the lines of a trace event, in order; undefined if the trace has not one line of it. */
  trace(side: Side, event: string): string[] | undefined;
  /** State that the device's driver gave out, bytes; only where it is known. */
  readonly devices: readonly { readonly idstr: string; readonly stateBytes: number }[];
}

function read(name: string, file: string): string {
  try {
    return Deno.readTextFileSync(new URL(`${name}/${file}`, shared?.url));
  } catch {
    return "";
  }
}

/** QEMU before 11 begins a line with `PID@SECONDS:`, QEMU 11 with an ISO time. */
const LINE = /^(?:\d+@[\d.]+:|\d{4}-\S+Z )(\w+) (.*)$/gm;

let all: readonly Known[] | undefined;

/** All captures, read once. */
function known(): readonly Known[] {
  return all ??= [...readAll()];
}

function* readAll(): Generator<Known> {
  for (const name of CAPTURES) {
    const capture = openCapture(decodeURIComponent(new URL(name, shared?.url).pathname));
    try {
      const report = inspectCapture(capture);
      const { outcome = {}, devices = [] } = JSON.parse(read(name, "capture.json"));
      const lines = {
        source: [...read(name, "oracle/source.trace").matchAll(LINE)],
        destination: [...read(name, "oracle/destination.trace").matchAll(LINE)],
      };
      yield {
        name,
        report,
        // Channels that the destination dropped are in the capture all the same; nothing is known of encrypted ones.
        completed: report.main !== null && outcome.source === "completed" && outcome.destination === "completed" &&
          !name.startsWith("plain-channel-count"),
        devices: devices.filter((device: { stateBytes?: unknown }) => typeof device.stateBytes === "number"),
        trace(side, event): string[] | undefined {
          const found = lines[side].filter(([, called]) => called === event).map(([, , rest = ""]) => rest.trim());
          return found.length === 0 ? undefined : found;
        },
      };
    } finally {
      capture.close();
    }
  }
}

/** A test on every capture that `compare` can say something about, at least `least` of them. */
function oracleTest(name: string, least: number, compare: (known: Known) => boolean): void {
  Deno.test({
    name,
    ignore,
    fn(): void {
      let compared = 0;
      for (const capture of known()) {
        if (compare(capture)) compared++;
      }
      assert(compared >= least, `only ${compared} captures were compared`);
    },
  });
}

/** How often each text occurs. */
function tally(texts: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts.toSorted()) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries(counts);
}

oracleTest(
  "a device's pre-copy and stop-and-copy bytes are what its driver gave out",
  15,
  ({ name, report, devices }) => {
    for (const { idstr, stateBytes } of devices) {
      const device = report.devices.find((device) => device.idstr === idstr);
      assertEquals((device?.precopyBytes ?? 0) + (device?.stopCopyBytes ?? 0), stateBytes, `${name} ${idstr}`);
    }
    return devices.length > 0;
  },
);

oracleTest("the buffers of a device are those that the destination says it got", 7, (capture) => {
  const { name, report, completed } = capture;
  const buffers = capture.trace("destination", "vfio_load_state_device_buffer_incoming");
  if (buffers === undefined || !completed) return false;
  const sent = report.devices.reduce(
    (sum, { multifd }) => sum + (multifd?.channels.reduce((all, channel) => all + channel.buffers, 0) ?? 0),
    0,
  );
  assertEquals(sent, buffers.length, name);
  const last = Math.max(...buffers.map((line) => Number(/idx (\d+)$/.exec(line)?.[1])));
  assertEquals(Math.max(...report.devices.map(({ multifd }) => multifd?.configIndex ?? 0)), last, name);
  return true;
});

oracleTest("sections are those that the destination says it loads", 38, (capture) => {
  const { name, report, completed } = capture;
  const long = capture.trace("destination", "qemu_loadvm_state_section_startfull");
  const short = capture.trace("destination", "qemu_loadvm_state_section_partend") ?? [];
  if (long === undefined || !completed) return false;
  const sections = report.main?.sections ?? [];
  const times = (text: string, number: number): string[] => new Array<string>(number).fill(text);
  assertEquals(
    tally(
      sections.flatMap(({ sectionId, idstr, instanceId, versionId, counts }) =>
        times(`${sectionId}(${idstr}) ${instanceId} ${versionId}`, counts.start + counts.full)
      ),
    ),
    tally(long),
    name,
  );
  assertEquals(
    tally(sections.flatMap(({ sectionId, counts }) => times(`${sectionId}`, counts.part + counts.end))),
    tally(short),
    name,
  );
  return true;
});

oracleTest("a destination that failed has loaded no section that is not there", 15, (capture) => {
  const { name, report, completed } = capture;
  const long = capture.trace("destination", "qemu_loadvm_state_section_startfull");
  if (long === undefined || completed || report.main === null) return false;
  const sections = report.main?.sections.map(({ sectionId, idstr, instanceId, versionId }) =>
    `${sectionId}(${idstr}) ${instanceId} ${versionId}`
  );
  assertEquals(long.filter((section) => sections?.includes(section) !== true), [], name);
  return true;
});

oracleTest("commands are those that the destination processes", 34, (capture) => {
  const { name, report, completed } = capture;
  const commands = capture.trace("destination", "loadvm_process_command");
  if (commands === undefined || !completed) return false;
  const found = report.main?.commands.flatMap(({ name, count }) =>
    new Array<string>(count).fill(name.replace(/ .*/, ""))
  );
  assertEquals(
    tally(found ?? []),
    tally(commands.map((line) => (/^com=(\S+)/.exec(line)?.[1] ?? line).replace(/^CMD_/, ""))),
    name,
  );
  return true;
});

oracleTest("packets and SYNC flags of a multifd channel are those that the destination receives", 15, (capture) => {
  const { name, report, completed } = capture;
  const packets = capture.trace("destination", "multifd_recv_unfill") ?? capture.trace("destination", "multifd_recv");
  if (packets === undefined || !completed) return false;
  for (const { id, syncs, records } of report.channels.filter(({ role }) => role === "multifd")) {
    const received = packets.filter((line) => line.startsWith(`channel ${id} `));
    const flagged = received.filter((line) => (Number(/flags (0x[0-9a-f]+)/.exec(line)?.[1]) & 1) === 1);
    assertEquals(syncs, flagged.length, `${name} multifd ${id}`);
    const ram = (records["multifd-ram"] ?? 0) + (records["multifd-sync"] ?? 0);
    assertEquals(ram, received.length, `${name} multifd ${id}`);
  }
  return true;
});

oracleTest("all multifd channels have as many SYNC flags as the destination synchronises", 15, (capture) => {
  const { name, report, completed } = capture;
  const syncs = capture.trace("destination", "multifd_recv_sync_main");
  if (syncs === undefined || !completed) return false;
  for (const channel of report.channels.filter(({ role }) => role === "multifd")) {
    assertEquals(channel.syncs, syncs.length, `${name} ${channel.label}`);
  }
  return true;
});

function sumPages(blocks: readonly RamBlockSummary[], kind: keyof RamBlockSummary["pages"]): number {
  return blocks.reduce((sum, { pages }) => sum + pages[kind], 0);
}

oracleTest("pages on multifd channels are those that the source says it sends", 14, (capture) => {
  const { name, report, completed } = capture;
  const sent = capture.trace("source", "multifd_send_ram_fill");
  if (sent === undefined || !completed) return false;
  const counts = sent.map((line) => /normal pages (\d+) zero pages (\d+)/.exec(line));
  const sum = (group: number): number => counts.reduce((all, match) => all + Number(match?.[group]), 0);
  const blocks = report.main?.ramBlocks ?? [];
  assertEquals([sumPages(blocks, "multifdNormal"), sumPages(blocks, "multifdZero")], [sum(1), sum(2)], name);
  return true;
});

/** Flags of a RAM record, in QEMU's numbers. */
const FLAGS = { zero: 0x02, normal: 0x08, xbzrle: 0x40 } as const;

oracleTest("pages on the main channel are those that the destination says it loads", 2, (capture) => {
  const { name, report, completed } = capture;
  const precopy = capture.trace("destination", "ram_load_loop") ?? [];
  const postcopy = capture.trace("destination", "ram_load_postcopy_loop") ?? [];
  const lines = [...precopy, ...postcopy];
  if (lines.length === 0 || !completed) return false;
  const flags = lines.map((line) => Number(/flags[:=] ?(0x[0-9a-f]+)/.exec(line)?.[1]));
  for (const kind of ["zero", "normal", "xbzrle"] as const) {
    const loaded = flags.filter((value) => (value & FLAGS[kind]) !== 0).length;
    assertEquals(sumPages(report.main?.ramBlocks ?? [], kind), loaded, `${name} ${kind}`);
  }
  return true;
});

oracleTest("PONGs and SHUT of the return path are those that the source receives", 9, (capture) => {
  const { name, report, completed } = capture;
  const pongs = capture.trace("source", "source_return_path_thread_pong");
  if (pongs === undefined || !completed) return false;
  assertEquals(report.returnPaths.flatMap((path) => path.pongs), pongs.map(Number), name);
  const [shut] = capture.trace("source", "source_return_path_thread_shut") ?? [];
  assertEquals(report.returnPaths.at(-1)?.shut, shut === undefined ? null : Number(shut), name);
  return true;
});
