import { assert, assertEquals, fail } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import { writeDirectory } from "../../src/capture/mod.ts";
import {
  forge,
  FORGE_ROWS,
  type ForgedCapture,
  type ForgeDescription,
  forgeRow,
  parseForgeDescription,
} from "../../src/forge/mod.ts";
import { loadOptionsOf } from "../../src/forge/load_options_for_test.ts";
import { loadReport } from "../../src/report/load/mod.ts";
import type { ReplayReport } from "../../src/report/replay/mod.ts";
import type { Case } from "../real_qemu/case.ts";
import { withFolder } from "../temporary.ts";
import { MORE, NOT_SHOWN, SHOWN } from "./forge_rows.ts";
import { type Expected, type Outcome, outcomesOf, type Shown } from "./forge_outcomes.ts";
import { forLab, uuidOf } from "./forge_machine.ts";
import type { Lab } from "./lab.ts";

/**
 * A step of a forged capture takes a millisecond: this slows it down, so that a destination is done with one before the next
 * comes. Where the machine is so busy that it is not, the situation is another one, and is shown again more slowly.
 */
const PACES: readonly Pace[] = [{ speed: "0.004x", timeout: "8" }, { speed: "0.001x", timeout: "25" }];

/** How fast a situation is shown, and seconds in which a destination that does nothing is taken for one that hangs. */
interface Pace {
  readonly speed: string;
  readonly timeout: string;
}

const NO_CHANGES: Shown = {};

/** What a destination did. */
interface Seen {
  readonly outcome: Outcome;
  readonly words: string;
}

/** Forged situations shown to a real QEMU with real devices: it does what the engine says, and says it in the same words. */
export function forgeCases(lab: Lab): Case[] {
  const rows = FORGE_ROWS.filter(({ row }) => NOT_SHOWN[row] === undefined);
  const cases = [
    ...rows.flatMap((row) => (SHOWN[row.row] ?? [{}]).map((how) => ({ ...row, how }))),
    ...MORE.map((situation) => ({ ...situation, how: NO_CHANGES })),
  ];
  return [
    { name: "forge row-17 | replay -", run: () => piped(lab) },
    ...cases.map(({ name, title, text, how }) => ({
      name: `forged ${name}${how.version === undefined ? "" : ` ${how.version}`}`,
      run: async (): Promise<string> => {
        const description = forLab(await parseForgeDescription(text), how);
        const capture = forge(description, name);
        const { verdict } = await loadReport(capture, loadOptionsOf(description));
        const told = verdict.code === "" ? verdict.kind : `${verdict.kind}(${verdict.code})`;
        assertEquals(told, how.expect ?? description.expect);
        const expected = outcomesOf(verdict, how);
        const lines: string[] = [];
        const words: string[] = [];
        for (const pace of PACES) {
          const seen = await shown(lab, capture, description, how, pace);
          const found = expected.find((outcome) => isSeen(outcome, seen));
          const why = found?.why === undefined ? "" : ` (${found.why})`;
          lines.push(`${title} → ${told} → ${seen.outcome}: ${seen.words.split("\n", 1)[0]}${why}`);
          if (found !== undefined) return lines.join("; more slowly: ");
          words.push(seen.words);
        }
        return fail([...lines, `wanted: ${JSON.stringify(expected)}`, ...words].join("\n"));
      },
    })),
  ];
}

/** In one command line, as it stands: a device that never sees its state takes what is made up. */
async function piped(lab: Lab): Promise<string> {
  const { manifest: { destination: recorded } } = forge(await parseForgeDescription(forgeRow("row-17")?.text ?? ""));
  const command = commandOf(recorded?.command ?? []);
  await using destination = await lab.destination({ version: "11.1", command });
  const { migration, qmp, incoming } = destination;
  const migwire = `"${Deno.execPath()}" run --no-prompt --allow-read --allow-net=127.0.0.1 "${MAIN}"`;
  const target = `--to ${migration} --qmp ${qmp} --listen ${incoming}`;
  const line = `${migwire} forge row-17 | ${migwire} replay - --verbatim --speed 0.01x --json ${target}`;
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", line] }).output();
  const [out = "", err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(out !== "", err);
  const { verdict }: ReplayReport = JSON.parse(out);
  // The device has nothing of its state, and nobody says so: load does.
  assertEquals(verdict.kind, "completed", verdict.reason);
  return `lost-state(no-switchover-start) → ${verdict.kind}: ${verdict.reason}`;
}

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** Each line of the words is there. */
function isSeen({ outcome, words }: Expected, seen: Seen): boolean {
  return outcome === seen.outcome && words.split("\n").every((line) => seen.words.includes(line));
}

/** What becomes of it there. */
async function shown(
  lab: Lab,
  capture: ForgedCapture,
  { destination: { multifd, channels, switchoverAck, compression } }: ForgeDescription,
  how: Shown,
  { speed, timeout }: Pace,
): Promise<Seen> {
  let seen: Seen | undefined;
  await withFolder(async (folder) => {
    for (const _ of writeDirectory(capture, folder));
    const command = capture.manifest.destination?.command ?? [];
    const version = how.version ?? "11.1";
    const driver = { any_state: true, ...how.driver };
    await using destination = await lab.destination({ version, command: commandOf(command), driver });
    const { migration, qmp, incoming, uuids } = destination;
    const io = memoryIo();
    const onOff = (flag: boolean): string => flag ? "on" : "off";
    const target = ["--to", migration, "--qmp", qmp, "--listen", incoming];
    // What `forge` says of the destination, as someone types it who has the capture from a pipe.
    const settings = ["--multifd", onOff(multifd), "--switchover-ack", onOff(switchoverAck)]
      .concat(multifd ? ["--multifd-channels", `${channels}`] : [])
      .concat(compression === undefined ? [] : ["--multifd-compression", compression]);
    const pace = ["--verbatim", "--speed", speed, "--timeout", timeout];
    await main(["replay", folder, ...target, ...settings, ...pace, "--json"], io);
    const said = io.out() === "" ? undefined : (JSON.parse(io.out()) as ReplayReport).verdict;
    const exit = await destination.exit();
    const words = [said?.reason ?? io.err(), await destination.stderr()].join("\n");
    const outcome = exit !== null && exit < 0 ? "aborts" : said?.kind ?? "refused";
    // The device is called by its UUID there, and as the engine has it here.
    const named = uuids.reduce((text, uuid, i) => text.replaceAll(uuid, `0000:00:0${5 + i}.0`), words);
    seen = { outcome: outcome as Outcome, words: named };
  });
  assert(seen !== undefined);
  return seen;
}

/** The forged destination's command line, with mediated devices in the place of those of a machine. */
function commandOf(words: readonly string[]): string[] {
  let devices = 0;
  const [program = "", ...rest] = words.map((word) =>
    word.replace(/host=[^,]*/, () => `sysfsdev=/sys/bus/mdev/devices/${uuidOf(devices++)},enable-migration=on`)
  );
  return [program, "-accel", "tcg", "-m", "16", "-nodefaults", "-display", "none", "-S", ...rest];
}
