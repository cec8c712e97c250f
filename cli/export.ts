import { resolve } from "node:path";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { jsonText } from "./json_text.ts";
import { type Io, printable } from "./terminal.ts";

/** The command `export`. */
export const definition: CommandDefinition = {
  name: "export",
  summary: "write captures as Parquet tables, for SQL over many migrations",
  details: [
    "CAPTURE is a capture directory, a file with one channel, or a packet capture (pcap, pcapng).",
    "Writes the tables migrations, channels, sections, devices, buffers, ram_pages and problems below DIR, a folder",
    "migration=NAME in each, so that DuckDB, Spark, Trino and ClickHouse read them as they are. schema/export-1.md",
    "describes them, schema/export-1.schema.json the JSON.",
    "",
    "Several captures are read side by side. What is there already, of a capture whose files did not change, is passed",
    "over. A capture that cannot be read is a row that says so, and exit status 1; the others go on.",
  ],
  operands: [{ name: "CAPTURE", optional: true, repeatable: true }],
  options: [
    { name: "out", short: "o", value: "DIR", help: "write the tables there" },
    { name: "from", value: "FILE", help: "read paths of further captures from FILE, one a line" },
    { name: "jobs", value: "COUNT", help: "captures that are read at once; as many as there are cores if not given" },
    { name: "force", short: "f", help: "write also what is there already" },
    { name: "json", help: "print one JSON document" },
  ],
  examples: [
    { command: "migwire export captures/* --out tables", does: "tables of all captures" },
    { command: "migwire export --from list.txt --out tables --jobs 4", does: "of a list of them" },
  ],
};

/** Most captures at once: each keeps its tables' row groups in memory. */
const MOST_JOBS = 32;

/** What became of a capture. */
interface Exported {
  readonly capture: string;
  readonly migration: string;
  readonly status: "written" | "there" | "unreadable" | "failed";
  readonly reason: string | null;
  readonly rows: { readonly [table: string]: number } | null;
}

/**
 * Exports captures.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if all could be read and written, 1 otherwise.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const out = args.text("out");
  if (out === undefined) throw new UsageError("Cannot tell where to write: give --out DIR");
  const jobs = args.number("jobs") ?? navigator.hardwareConcurrency;
  if (jobs === 0) throw new UsageError("Cannot use 0 for --jobs");
  const paths = captures(args);
  const { fingerprintOf, migrationNames, readMarker, runJobs } = await import("../src/public/export.ts");
  const names = migrationNames(paths, (name) => readMarker(out, name)?.capture);
  const results = new Map<string, Exported>();
  const todo = paths.map((capture, i) => ({ capture, name: names[i] ?? "", out })).filter(({ capture, name }) => {
    const marker = args.flag("force") ? undefined : readMarker(out, name);
    if (marker?.capture !== capture || marker.failure !== null) return true;
    if (marker.fingerprint !== fingerprintOf(capture)) return true;
    results.set(capture, { capture, migration: name, status: "there", reason: null, rows: marker.rows });
    return false;
  });
  await runJobs(todo, Math.min(jobs, MOST_JOBS), ({ capture, name: migration }, result) => {
    const exported: Exported = "error" in result
      ? { capture, migration, status: "failed", reason: result.error, rows: null }
      : {
        capture,
        migration,
        status: result.marker.failure === null ? "written" : "unreadable",
        reason: result.marker.failure,
        rows: result.marker.rows,
      };
    results.set(capture, exported);
    if (exported.reason !== null) io.stderr.line(`${printable(capture)}: ${printable(exported.reason)}`);
  }, io.interrupt);
  return summary(out, paths.flatMap((path) => results.get(path) ?? []), args.flag("json"), io);
}

function summary(out: string, migrations: readonly Exported[], json: boolean, io: Io): number {
  const count = (wanted: Exported["status"]): number => migrations.filter(({ status }) => status === wanted).length;
  const counts = {
    written: count("written"),
    there: count("there"),
    unreadable: count("unreadable"),
    failed: count("failed"),
  };
  if (json) io.stdout.line(jsonText({ format: "migwire-export/1", out, ...counts, migrations }, 2));
  else {
    const { written, there, unreadable, failed } = counts;
    const rest = [`${there} there already`, `${unreadable} that cannot be read`, `${failed} failed`]
      .filter((text) => !text.startsWith("0 "));
    io.stdout.line([`${printable(out)}: ${written} written`, ...rest].join(", "));
  }
  return counts.unreadable + counts.failed === 0 ? EXIT.ok : EXIT.fault;
}

/** Absolute paths of the captures, each once. */
function captures(args: ParsedArgs): string[] {
  const from = args.text("from");
  const listed = from === undefined ? [] : Deno.readTextFileSync(from).split(/\r?\n/).filter((line) => line !== "");
  const all = [...args.operands, ...listed];
  if (all.length === 0) throw new UsageError("Cannot export: name at least one CAPTURE, or give --from FILE");
  if (all.includes("-")) throw new UsageError("Cannot export standard input: write it to a file, and give that");
  return [...new Set(all.map(absolute))];
}

function absolute(path: string): string {
  try {
    // Not through links: what may be read was said of the path as it is.
    return resolve(path);
  } catch {
    // Opening will tell what is wrong with it.
    return path;
  }
}
