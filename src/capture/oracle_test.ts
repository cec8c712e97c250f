/**
 * What QEMU itself said while it sent and loaded the recorded streams, against what is read of them. Traces of QEMU 7.2
 * and 10.0 begin a line with `THREAD@SECONDS:`, those of 11.1 with a time.
 */

import { assert, assertEquals } from "@std/assert";
import { CAPTURE_NAMES, oracle, recordsOf, withCapture } from "../../testing/main_captures.ts";
import type { AnyRecord } from "../../testing/main_channel.ts";
import { commandName, hex, MIG_CMD, VFIO_MIG_FLAG_END_OF_STATE } from "../wire/mod.ts";

/** An event of a trace. */
interface Event {
  readonly thread: string;
  readonly name: string;
  readonly rest: string;
}

type Side = "source" | "destination";

function eventsOf(capture: string, side: Side): Event[] | undefined {
  return oracle(capture, `${side}.trace`)?.split("\n").flatMap((line) => {
    const [, thread = "", name = "", rest = ""] = /^(?:(\d+)@[\d.]+:|\S+Z )(\w+) ?(.*)$/.exec(line) ?? [];
    return name === "" ? [] : [{ thread, name, rest }];
  });
}

/** The captured groups of `pattern` in the events called `name`. */
function matches(events: readonly Event[], name: string, pattern: RegExp): string[] {
  return events.filter((event) => event.name === name).map(({ rest }) =>
    pattern.exec(rest)?.slice(1).join(" ") ?? rest
  );
}

/**
 * The events in the order of the stream. In postcopy one thread reads the package, while another one goes on with what
 * follows it: the first one is that of the stream's beginning.
 */
function inStreamOrder(events: readonly Event[]): Event[] {
  const first = events.find(({ name }) => name.startsWith("qemu_loadvm_state_section"))?.thread;
  return [...events.filter(({ thread }) => thread === first), ...events.filter(({ thread }) => thread !== first)];
}

interface Read {
  readonly name: string;
  /** Records of the main channel, then those of a recovery. */
  readonly main: AnyRecord[];
  /** Records of the return paths. */
  readonly back: AnyRecord[];
  readonly source: Event[];
  readonly destination: Event[];
  /** Whether both sides say that it went well: then nothing may be missing. */
  readonly completed: boolean;
}

function read(name: string): Read | undefined {
  const source = eventsOf(name, "source");
  const destination = eventsOf(name, "destination");
  if (source === undefined || destination === undefined) return undefined;
  return withCapture(name, (capture) => {
    const { channels, records } = recordsOf(capture);
    const ofRoles = (...roles: string[]): AnyRecord[] =>
      channels.filter(({ identity }) => roles.includes(identity.role))
        .flatMap(({ label }) => records.get(label) ?? []) as AnyRecord[];
    const outcome = capture.manifest?.outcome;
    return {
      name,
      main: ofRoles("main", "recovery"),
      back: ofRoles("return-path"),
      source,
      destination,
      completed: outcome?.source === "completed" && outcome.destination === "completed",
    };
  });
}

let all: readonly Read[] | undefined;

/** All captures that have traces and are not encrypted; read once. */
function captures(): readonly Read[] {
  all ??= CAPTURE_NAMES.map(read).filter((one) => one !== undefined).filter(({ main }) => main.length > 0);
  return all;
}

/** Registers a test that goes through all captures and says how many of them had something to compare. */
function oracleTest(name: string, compare: (read: Read) => boolean): void {
  Deno.test({
    name,
    ignore: CAPTURE_NAMES.length === 0,
    fn(): void {
      assert(captures().map(compare).includes(true), "nothing was compared");
    },
  });
}

/**
 * Compares what was traced with what was read. After a failure one of them can have more: a side goes on, or gives up,
 * while bytes are under way.
 */
function assertAgree(traced: readonly string[], found: readonly string[], { name, completed }: Read): boolean {
  const length = Math.min(traced.length, found.length);
  const first = traced.findIndex((event, i) => i < length && event !== found[i]);
  assertEquals(found[first], traced[first], `${name}, event ${first} after ${found[first - 1]}`);
  if (completed) assertEquals(found.slice(length), traced.slice(length), `${name}: one side has more`);
  return length > 0;
}

/** The elements of a main channel as a destination traces them. */
function* elements(records: readonly AnyRecord[]): Generator<string> {
  for (const record of records) {
    switch (record.kind) {
      case "section-start":
      case "section-full":
        yield `section ${record["type"]}`;
        yield `${record["sectionId"]}(${record["idstr"]}) ${record["instanceId"]} ${record["versionId"]}`;
        break;
      case "section-part":
      case "section-end":
        yield `section ${record["type"]}`;
        yield `${record["sectionId"]}`;
        break;
      case "command":
        yield "section 8";
        yield `com=${commandName(record["command"])} len=${record["payloadLength"]}`;
        if (record["command"] === MIG_CMD.PING) yield `ping ${hex(record["value"])}`;
        if (record["command"] === MIG_CMD.PACKAGED) yield `packaged ${record["blobLength"]}`;
        if (record["command"] === MIG_CMD.POSTCOPY_RAM_DISCARD) {
          yield `discard ${record["block"]}: ${16 * record["ranges"].length}d`;
        }
        break;
      case "eof":
        yield "section 0";
        break;
    }
  }
}

/** Events of a destination that tell of an element, and what to put before their text. */
const ELEMENT_EVENTS: ReadonlyMap<string, string> = new Map([
  ["qemu_loadvm_state_section", "section "],
  ["qemu_loadvm_state_section_startfull", ""],
  ["qemu_loadvm_state_section_partend", ""],
  ["loadvm_process_command", ""],
  ["loadvm_process_command_ping", "ping "],
  ["loadvm_handle_cmd_packaged", "packaged "],
  ["loadvm_postcopy_ram_handle_discard_header", "discard "],
]);

oracleTest("each destination saw the same elements in the same order", (one) => {
  const traced = inStreamOrder(one.destination).flatMap(({ name, rest }) => {
    const prefix = ELEMENT_EVENTS.get(name);
    return prefix === undefined ? [] : [`${prefix}${rest}`];
  });
  const found = [...elements(one.main)];
  // Without the numbers of threads it is not known in which order two of them went on.
  const listen = found.findIndex((event) => event.startsWith("com=POSTCOPY_LISTEN")) + 1;
  const isKnown = listen === 0 || one.destination.some(({ thread }) => thread !== "");
  return isKnown ? assertAgree(traced, found, one) : assertAgree(traced.slice(0, listen), found.slice(0, listen), one);
});

oracleTest("each source sent the same sections in the same order", (one) => {
  const traced = matches(one.source, "savevm_section_start", /^(.*), section_id (\d+)/);
  // The setup of an entry is not traced.
  const found = one.main.filter(({ kind }) => /^section-(part|end|full)$/.test(kind))
    .map(({ idstr, sectionId }) => `${idstr} ${sectionId}`);
  // A background snapshot saves the devices first, and sends them last.
  if (one.name.includes("background-snapshot")) return assertAgree(traced.sort(), found.sort(), one);
  return assertAgree(traced, found, one);
});

/** The commands as a source makes them: it knows the length of a package only when it is complete. */
function commandsAsSent(records: readonly AnyRecord[]): string[] {
  const sent: string[] = [];
  let packaged: { readonly line: string; readonly end: number } | undefined;
  for (const record of records) {
    if (packaged !== undefined && record.offset >= packaged.end) {
      sent.push(packaged.line);
      packaged = undefined;
    }
    if (record.kind !== "command") continue;
    const line = `com=${hex(record["command"])} len=${record["payloadLength"]}`;
    const { blobLength } = record;
    if (blobLength === undefined) sent.push(line);
    else packaged = { line, end: record.offset + record.length + blobLength };
  }
  return packaged === undefined ? sent : [...sent, packaged.line];
}

oracleTest(
  "each source sent the same commands in the same order",
  (one) => assertAgree(matches(one.source, "savevm_command_send", /(.*)/), commandsAsSent(one.main), one),
);

oracleTest("each destination's VFIO devices saw the same tags in the same order", (one) => {
  const traced = matches(one.destination, "vfio_load_state", /data (\w+)/).filter((tag) => tag !== "0x0");
  // The tag at which QEMU ends a body is not traced, nor is the one that closes setup and config.
  const tags = one.main.filter(({ kind }) => kind.startsWith("vfio-")).map(({ tag }) => tag as bigint);
  return assertAgree(traced, tags.filter((tag) => tag !== VFIO_MIG_FLAG_END_OF_STATE).map(hex), one);
});

/** Bytes of device data on the main channel, piece by piece. */
const deviceData = ({ main }: Read): string[] =>
  main.filter(({ kind }) => kind === "vfio-data").map(({ payload }) => String(payload?.length));

oracleTest(
  "each destination's VFIO devices were given as many bytes each time",
  (one) => assertAgree(matches(one.destination, "vfio_load_state_device_data", /size (\d+)/), deviceData(one), one),
);

oracleTest(
  "each source's VFIO devices gave as many bytes each time",
  (one) => assertAgree(matches(one.source, "vfio_save_block", /data_size (\d+)/), deviceData(one), one),
);

/** Each page record: runs taken apart. */
function* pageRecords(records: readonly AnyRecord[]): Generator<{ block: string; offset: number; flags: number }> {
  for (const { kind, block, pageOffset, pageSize, flags, count = 1 } of records) {
    if (!["ram-page", "ram-zero", "ram-xbzrle", "ram-compress-page"].includes(kind)) continue;
    for (let i = 0; i < count; i++) {
      yield { block, offset: pageOffset + i * pageSize, flags: i === 0 ? flags : flags | 0x20 };
    }
  }
}

/** Index of the first record of the postcopy phase. */
function postcopyFrom(records: readonly AnyRecord[]): number {
  const listen = records.findIndex(({ command }) => command === MIG_CMD.POSTCOPY_LISTEN);
  return listen < 0 ? records.length : listen;
}

oracleTest("each destination saw the same page records in the same order", (one) => {
  const traced = matches(one.destination, "ram_load_loop", /^(.*): addr: (\w+) flags: (\w+)/);
  if (traced.length === 0) return false;
  const found = [...pageRecords(one.main.slice(0, postcopyFrom(one.main)))];
  return assertAgree(traced, found.map(({ block, offset, flags }) => `${block} ${hex(offset)} ${hex(flags)}`), one);
});

oracleTest("each destination saw the same RAM records in the postcopy phase", (one) => {
  const traced = matches(one.destination, "ram_load_postcopy_loop", /chan=0 addr=(\w+) flags=(\w+)/);
  if (traced.length === 0) return false;
  const found = one.main.slice(postcopyFrom(one.main)).flatMap((record) =>
    record.kind === "ram-eos"
      ? ["0x0 0x10"]
      : [...pageRecords([record])].map(({ offset, flags }) => `${hex(offset)} ${hex(flags)}`)
  );
  return assertAgree(traced, found, one);
});

oracleTest("each source sent the same pages that are not zero", (one) => {
  const traced = matches(one.source, "ram_save_page", /^(.*): offset: (\w+)/);
  if (traced.length === 0) return false;
  const found = [...pageRecords(one.main.filter(({ kind }) => kind === "ram-page"))];
  return assertAgree(traced, found.map(({ block, offset }) => `${block} ${hex(offset)}`), one);
});

oracleTest("each destination sent the same messages on the return path", (one) =>
  assertAgree(
    matches(one.destination, "migrate_send_rp_message", /^(\d+): len (\d+)/),
    one.back.filter(({ type }) => type !== undefined).map(({ type, len }) => `${type} ${len}`),
    one,
  ));
