import { CaptureError, openCapture } from "../capture/mod.ts";
import { EXPORT_FORMAT, exportCapture, exportUnreadable, TABLE_NAMES, type TableName } from "../report/export/mod.ts";
import { fingerprintOf, type Marker, markerPath } from "./marker.ts";
import { ParquetTable } from "./parquet_table.ts";

/** A capture to be exported. */
export interface ExportJob {
  /** Absolute path of the capture. */
  readonly capture: string;
  /** Name of its migration. */
  readonly name: string;
  /** Folder of the tables. */
  readonly out: string;
}

/** Where a job writes until all is there: beside the tables, so that renaming works. */
function workFolder({ out, name }: ExportJob): string {
  return `${out}/_migwire/${name}.part`;
}

/** Removes what a job that was ended had written. */
export function discardWork(job: ExportJob): void {
  discard(workFolder(job));
}

/**
 * Exports one capture. What cannot be read becomes a migration that says so.
 *
 * @param job Which capture, and where its tables go.
 * @param isStopped Asked with each row: once it says so, nothing more is written, and nothing half written stays.
 * @returns What was written.
 * @throws What the system throws where the tables cannot be written.
 * @throws {DOMException} `AbortError`, when it was stopped.
 *
 * @example
 * ```ts
 * import { exportOne } from "@migwire/migwire/export";
 *
 * // Writes the tables of a capture; gives the rows of the table of buffers.
 * async function exportBuffers(capture: string, out: string): Promise<number> {
 *   const { failure, rows } = await exportOne({ capture, name: "one", out });
 *   if (failure !== null) throw new Error(failure);
 *   return rows.buffers;
 * }
 * ```
 */
export async function exportOne(job: ExportJob, isStopped: () => boolean = () => false): Promise<Marker> {
  const work = workFolder(job);
  const heed = (): void => {
    if (isStopped()) throw new DOMException(`Cannot export ${job.capture}: it was stopped`, "AbortError");
  };
  freshen(work);
  try {
    const fingerprint = fingerprintOf(job.capture);
    const read = await writeTables(work, (sink) => readInto(job.capture, sink), heed);
    if (read.failure !== null) freshen(work);
    const { failure } = read;
    const { rows } = failure === null ? read : await writeTables(work, (sink) => {
      exportUnreadable(job.capture, failure, sink);
      return Promise.resolve(null);
    }, heed);
    const marker: Marker = {
      format: EXPORT_FORMAT,
      capture: job.capture,
      fingerprint,
      failure: failure?.message ?? null,
      rows,
    };
    heed();
    publish(job, work, marker);
    return marker;
  } finally {
    discard(work);
  }
}

/** That a table cannot be written is no fault of the capture. */
class WriteError extends Error {}

type Sink = Parameters<typeof exportCapture>[2];

/** Why a capture cannot be read; null if it was. */
type Failure = Parameters<typeof exportUnreadable>[1] | null;

/** Whatever is wrong with one capture never stops the others. */
async function readInto(path: string, sink: Sink): Promise<Failure> {
  try {
    const capture = openCapture(path);
    try {
      await exportCapture(capture, path, sink);
    } finally {
      capture.close();
    }
    return null;
  } catch (error) {
    if (error instanceof WriteError) throw error.cause;
    const message = error instanceof Error ? error.message : String(error);
    return { code: error instanceof CaptureError ? error.code : "unreadable", message };
  }
}

/** Writes all tables, unless `fill` says that the capture cannot be read, or `heed` throws. */
async function writeTables(
  work: string,
  fill: (sink: Sink) => Promise<Failure>,
  heed: () => void,
): Promise<{ readonly failure: Failure; readonly rows: Marker["rows"] }> {
  const tables = new Map<TableName, ParquetTable>();
  try {
    for (const name of TABLE_NAMES) tables.set(name, new ParquetTable(name, `${work}/${name}.parquet`));
    const failure = await fill((table, row) => {
      try {
        heed();
        tables.get(table)?.add(row);
      } catch (cause) {
        throw new WriteError("Cannot write a table", { cause });
      }
    });
    if (failure === null) { for (const table of tables.values()) table.finish(); }
    const rows = Object.fromEntries([...tables].map(([name, table]) => [name, table.rows])) as Marker["rows"];
    return { failure, rows };
  } finally {
    for (const table of tables.values()) table.close();
  }
}

function freshen(folder: string): void {
  discard(folder);
  Deno.mkdirSync(folder, { recursive: true });
}

/** The marker goes first and comes last: what has one is whole. */
function publish({ out, name }: ExportJob, work: string, marker: Marker): void {
  discard(markerPath(out, name));
  for (const table of TABLE_NAMES) {
    const folder = `${out}/${table}/migration=${name}`;
    Deno.mkdirSync(folder, { recursive: true });
    Deno.renameSync(`${work}/${table}.parquet`, `${folder}/part.parquet`);
  }
  Deno.writeTextFileSync(`${work}/marker.json`, JSON.stringify(marker));
  Deno.renameSync(`${work}/marker.json`, markerPath(out, name));
}

function discard(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
