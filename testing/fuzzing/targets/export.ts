/** Recordings that are written as files, exported as tables, and read again. @module */

import { parquetReadObjects } from "hyparquet";
import { CaptureError, openCapture, readLibvirtImage } from "../../../src/capture/mod.ts";
import { identifyChannel } from "../../../src/stream/mod.ts";
import { EXPORT_TABLES, exportCapture, exportUnreadable, TABLE_NAMES } from "../../../src/report/export/mod.ts";
import { type JobResult, runJobs } from "../../../src/export/mod.ts";
import { InvariantError, type Target } from "../guided/target.ts";
import { ascii, page, RAM_EOS, ramStream, smallStream } from "../../main_stream.ts";
import { DEVICE, devicePacket, multifdChannel, VFIO_TAG } from "../../memory_capture.ts";
import { type Recorded, RECORDED_PARTS, recordedInput, recordedOf, recordedPieces } from "./recorded.ts";

/** What the bits of the first option say. */
const [LONE, FILE, OTHERS] = [1, 2, 4];

type Rows = Map<string, readonly string[]>;

let made: string | undefined;

/** A folder for this process: to remove one takes longer than all that is done in it. */
function workFolder(): string {
  if (made !== undefined) return made;
  const folder = made = Deno.makeTempDirSync({ prefix: "migwire-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return folder;
}

/** Writes what an input holds; gives the path of the capture. */
function written(folder: string, { options, manifest, events, channels }: Recorded): string {
  const [flags = 0] = options;
  const [first] = channels;
  if ((flags & LONE) !== 0) {
    Deno.writeFileSync(`${folder}/lone`, first?.bytes ?? manifest);
    return `${folder}/lone`;
  }
  const path = `${folder}/capture`;
  Deno.mkdirSync(path, { recursive: true });
  // Those of the input before.
  for (const { name } of Deno.readDirSync(path)) Deno.removeSync(`${path}/${name}`);
  if (manifest.length > 0) Deno.writeFileSync(`${path}/capture.json`, manifest);
  if (events.length > 0) Deno.writeFileSync(`${path}/events.jsonl`, events);
  for (const [i, { bytes, direction }] of channels.entries()) {
    const isFile = (flags & FILE) !== 0 && i === 0;
    Deno.writeFileSync(`${path}/${isFile ? "file.main" : `channel-0${i}.${direction}`}`, bytes);
  }
  return path;
}

/** What is packed needs a worker, or another program: those are targets of their own, or none. */
function isPacked({ options, channels: [first] }: Recorded): boolean {
  if (((options[0] ?? 0) & LONE) === 0 || first === undefined) return false;
  const format = readLibvirtImage(first.bytes)?.format ?? "raw";
  return format !== "raw" || identifyChannel(first.bytes, { ended: true }).compression !== undefined;
}

/** A value as it comes back from a table: numbers of 64 bits, text that is UTF-8. */
function valueOf(value: unknown, type: string): unknown {
  if (typeof value === "string") {
    return value.replace(/[\p{Cs}]/gu, (unit) => `\\u{${unit.charCodeAt(0).toString(16)}}`);
  }
  if (type !== "integer" || value === null || value === undefined) return value ?? null;
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new InvariantError(`a number is ${value}`);
  return `${BigInt.asIntN(64, BigInt(value as number | bigint))}n`;
}

function rowText(table: keyof typeof EXPORT_TABLES, row: { readonly [column: string]: unknown }): string {
  const columns = EXPORT_TABLES[table];
  for (const name of Object.keys(row)) if (!(name in columns)) throw new InvariantError(`${table} has no ${name}`);
  return JSON.stringify(Object.entries(columns).map(([name, type]) => valueOf(row[name], type)));
}

/** The rows that a capture has; those that say why there are none if it cannot be read. */
async function expectedRows(path: string): Promise<{ readonly rows: Rows; readonly failure: string | null }> {
  let rows = new Map<string, string[]>();
  const sink: Parameters<typeof exportCapture>[2] = (table, row) => {
    const list = rows.get(table);
    const text = rowText(table, row);
    if (list === undefined) rows.set(table, [text]);
    else list.push(text);
  };
  try {
    const capture = openCapture(path);
    try {
      await exportCapture(capture, path, sink);
    } finally {
      capture.close();
    }
    return { rows, failure: null };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const { code, message } = error;
    rows = new Map();
    exportUnreadable(path, { code, message }, sink);
    return { rows, failure: message };
  }
}

/** A table's file. To ask another thread for it takes longer than to read it. */
function tableBytes(out: string, table: string, name: string): ArrayBuffer {
  return Deno.readFileSync(`${out}/${table}/migration=${name}/part.parquet`).buffer;
}

/** The rows that the tables have. */
async function writtenRows(out: string, name: string): Promise<Rows> {
  const rows = new Map<string, readonly string[]>();
  for (const table of TABLE_NAMES) {
    const read = await parquetReadObjects({ file: tableBytes(out, table, name) }) as {
      readonly [column: string]: unknown;
    }[];
    if (read.length > 0) rows.set(table, read.map((row) => rowText(table, row)));
  }
  return rows;
}

function compare(found: Rows, expected: Rows): void {
  for (const table of TABLE_NAMES) {
    const [list = [], wanted = []] = [found.get(table), expected.get(table)];
    const at = wanted.findIndex((row, i) => row !== list[i]);
    if (at < 0 && list.length === wanted.length) continue;
    throw new InvariantError(
      `${table} has ${list[at]} instead of ${wanted[at]}; ${list.length} rows of ${wanted.length}`,
    );
  }
}

async function check(folder: string, recorded: Recorded): Promise<void> {
  if (isPacked(recorded)) return;
  const capture = written(folder, recorded);
  const { rows, failure } = await expectedRows(capture);
  const out = `${folder}/tables`;
  const good = `${folder}/good`;
  const withOthers = failure !== null || ((recorded.options[0] ?? 0) & OTHERS) !== 0;
  if (withOthers) await Deno.writeFile(good, smallStream().bytes());
  const jobs = [{ capture, name: "hostile", out }, ...(withOthers ? [{ capture: good, name: "good", out }] : [])];
  const results = new Map<string, JobResult>();
  await runJobs(jobs, 1, ({ name }, result) => results.set(name, result), new AbortController().signal);
  for (const { name } of jobs) {
    const result = results.get(name);
    if (result === undefined || "error" in result) throw new InvariantError(`${name} ends with ${result?.error}`);
    const expected = name === "hostile" ? failure : null;
    const { marker } = result;
    if (marker.failure !== expected) throw new InvariantError(`${name} says ${marker.failure} instead of ${expected}`);
    for (const table of TABLE_NAMES) {
      const count = rows.get(table)?.length ?? 0;
      if (name === "hostile" && marker.rows[table] !== count) {
        throw new InvariantError(`${marker.rows[table]} rows of ${table} are noted, there are ${count}`);
      }
    }
  }
  compare(await writtenRows(out, "hostile"), rows);
}

/** The tables of `export`. */
export const EXPORT: Target = {
  name: "export",
  weight: 4,
  holds:
    "the tables hold the rows that were made, of declared columns and whole numbers; what cannot be read is a row that " +
    "says why, and others go on; only CaptureError is thrown",
  // It is read twice, and each table has a buffer of its own.
  steps: { constant: 100_000, perByte: 1_000 },
  bytes: { constant: 32_000_000, perByte: 6_000 },
  needsWrite: true,
  parts: RECORDED_PARTS,
  run: (input): Promise<void> => check(workFolder(), recordedOf(input)),
  pieces: recordedPieces,
  grown(times): Uint8Array {
    const main = ramStream(0x10_0000).start(7, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
    for (let i = 0; i < 4 * times; i++) main.part(2, [page(0, "pc.ram"), RAM_EOS]);
    main.command(11).end(2, RAM_EOS).end(7, VFIO_TAG.end).full(7, DEVICE, 1, VFIO_TAG.end).eof();
    const state = Array.from({ length: 8 * times }, (_, i) => devicePacket(i, 50));
    const manifest = ascii('{"format": "migwire-capture/1", "name": "x"}');
    return recordedInput([0, 0, 0, 0], { manifest }, [main.bytes(), multifdChannel(0, state)]);
  },
};
