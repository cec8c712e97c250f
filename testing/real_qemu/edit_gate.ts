/**
 * Holds `migwire edit` to real QEMUs: what an edited capture does to the QEMU that it was recorded with is what `check` and
 * `load` say of it. What is right again loads; what is wrong is refused in the words that were foreseen.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import { isCaptureFile, openCapture, writeDirectory, writeWholeDirectory } from "../../src/capture/mod.ts";
import { EDIT_ACTIONS, editCapture, type EditedCapture, parseEdit, type Repair } from "../../src/edit/mod.ts";
import { checkCapture } from "../../src/report/check/mod.ts";
import type { CompatReport } from "../../src/report/compat/mod.ts";
import { loadReport } from "../../src/report/load/mod.ts";
import { replay } from "../../src/replay/mod.ts";
import type { Case } from "./case.ts";
import { withOwnModules } from "./own_modules.ts";
import type { Recorded } from "./recorded.ts";
import { Scene } from "./scene.ts";
import type { Qemu } from "./vm.ts";

/** An edited capture, and what becomes of it. */
interface Edited {
  readonly name: string;
  readonly capture: string;
  /** `set SELECTOR,FIELD=VALUE`. */
  readonly edits: readonly string[];
  /** What is not made right. */
  readonly leaveWrong?: readonly Repair[];
  /** QEMU's words; absent where it loads. */
  readonly words?: string;
  /**
   * Who foresees them: `check` and `load`, or `compat`; or `check` and `load` only warn of them: what the destination has
   * is not in the capture.
   */
  readonly by?: "compat" | "warnings";
  /** What is foreseen, if it is not what QEMU notices first. */
  readonly foreseen?: string;
}

const PRECOPY = "plain-precopy";
const MULTIFD = "plain-multifd-2";

/** A run state, as the buffer of `globalstate` has it: hexadecimal. */
function runState(name: string): string {
  return new TextEncoder().encode(name.padEnd(32, "\0")).toHex();
}

const EDITED: readonly Edited[] = [
  { name: "nothing that matters", capture: PRECOPY, edits: ["set kind=file-header,version=3"] },
  {
    name: "a longer name of the machine",
    capture: PRECOPY,
    edits: ["set kind=configuration,machine=pc-i440fx-10.0-longer"],
    words: "Machine type received is 'pc-i440fx-10.0-longer' and local is 'pc-i440fx-10.0'",
  },
  {
    name: "a section's version raised",
    capture: PRECOPY,
    edits: ["set section=*/piix4_pm,kind=section-full,versionId=9"],
    words: "unsupported version 9 for '0000:00:01.3/piix4_pm'",
    by: "compat",
  },
  {
    name: "a section that nobody has",
    capture: PRECOPY,
    edits: ["set section=timer,idstr=a-timer-of-another-world"],
    words: "Unknown savevm section or instance 'a-timer-of-another-world' 0",
  },
  {
    name: "a section that the description does not have",
    capture: PRECOPY,
    edits: ["set section=timer,idstr=a-timer-of-another-world"],
    leaveWrong: ["description"],
    words: "Unknown savevm section or instance 'a-timer-of-another-world' 0",
    by: "warnings",
  },
  { name: "a device that is not sent", capture: PRECOPY, edits: ["drop section=*/piix4_pm"] },
  { name: "a device's field", capture: PRECOPY, edits: ["set section=timer,cpu_ticks_offset=5"] },
  {
    name: "the state of the run, which is none",
    capture: PRECOPY,
    edits: [`set section=globalstate,kind=device-state,runstate=${"78".repeat(31)}00`],
    words: `invalid parameter value: ${"x".repeat(31)}`,
  },
  {
    name: "the state of the run, without an end",
    capture: PRECOPY,
    edits: [`set section=globalstate,kind=device-state,runstate=${"79".repeat(32)}`],
    words: `invalid parameter value: ${"y".repeat(31)}`,
  },
  {
    name: "the state of the run, which is a bad one",
    capture: PRECOPY,
    edits: [`set section=globalstate,kind=device-state,runstate=${runState("debug")}`],
    words: "invalid runstate transition: 'inmigrate' -> 'debug'",
  },
  {
    name: "a footer of another section",
    capture: PRECOPY,
    edits: ["set section=timer,kind=section-footer,sectionId=0x77"],
    words: "Mismatched section id in footer for timer - read 0x77",
  },
  { name: "another id of a section, footer and all", capture: PRECOPY, edits: ["set section=timer,sectionId=0x777"] },
  { name: "sections in another order", capture: PRECOPY, edits: ["reorder section=timer after section=cpu_common"] },
  {
    name: "cut in a device",
    capture: PRECOPY,
    edits: ["truncate section=timer,kind=device-state,within=5"],
    words: "load of migration failed: Input/output error",
  },
  {
    name: "cut in RAM",
    capture: PRECOPY,
    edits: ["truncate kind=ram-page,nth=2,within=100"],
    words: "load of migration failed: Input/output error",
  },
  {
    name: "a block that is not there",
    capture: PRECOPY,
    edits: ["set kind=ram-block-list,blocks[0].block=pc.rom.of.another.world"],
    words: 'Unknown ramblock "pc.rom.of.another.world"',
    // Whose blocks the destination has is not in the capture: it is the pages that have none.
    foreseen: "Can't find block pc.ram",
  },
  {
    name: "a block of another size",
    capture: PRECOPY,
    edits: ["set kind=ram-block-list,blocks[0].usedLength=0x400000"],
    words: "Size mismatch: pc.ram: 0x400000 != 0x800000",
  },
  { name: "pages that are not sent", capture: PRECOPY, edits: ["drop kind=ram-page,nth=1..3"] },
  {
    name: "a page of a run that is not sent",
    capture: PRECOPY,
    edits: ["drop page=pc.ram:0x200000..0x21efff,kind=ram-page,nth=3"],
  },
  {
    name: "a page of a run twice, in another order",
    capture: PRECOPY,
    edits: [
      "duplicate page=pc.ram:0x200000..0x21efff,kind=ram-page,nth=2,times=3",
      "reorder page=pc.ram:0x200000..0x21efff,kind=ram-page,nth=4 before page=pc.ram:0x200000..0x21efff,kind=ram-page,nth=1",
    ],
  },
  {
    name: "a page of a run beyond its block",
    capture: PRECOPY,
    edits: ["set page=pc.ram:0x200000..0x21efff,kind=ram-page,nth=3,pageOffset=0x800000"],
    words: "Illegal RAM offset 800000",
  },
  {
    name: "cut in a page of a run",
    capture: PRECOPY,
    edits: ["truncate page=pc.ram:0x200000..0x21efff,kind=ram-page,nth=3,within=100"],
    words: "load of migration failed: Input/output error",
  },
  {
    name: "a UUID",
    capture: MULTIFD,
    edits: ["set kind=multifd-init,uuid=00112233-4455-6677-8899-aabbccddeeff"],
    words: "multifd: received uuid '00112233-4455-6677-8899-aabbccddeeff' and expected uuid",
  },
  { name: "pages of a packet that are not sent", capture: MULTIFD, edits: ["drop kind=multifd-ram,nth=1"] },
  { name: "a packet twice", capture: MULTIFD, edits: ["duplicate kind=multifd-ram,nth=1"] },
  {
    name: "a packet's version",
    capture: MULTIFD,
    edits: ["set kind=multifd-ram,nth=1,version=7"],
    words: "multifd: received packet version 7",
  },
  {
    name: "more pages than a packet holds",
    capture: MULTIFD,
    edits: ["set kind=multifd-ram,nth=1,pagesAlloc=129"],
    words: "multifd: received packet with 129 pages, expected 128",
  },
  {
    name: "a channel cut in its pages",
    capture: MULTIFD,
    edits: ["truncate kind=multifd-ram,nth=1,within=3000"],
    words: "Unexpected end-of-file before all data were read",
  },
  {
    name: "a section of the package that is not sent",
    capture: "plain-postcopy",
    edits: ["drop section=timer"],
  },
  {
    name: "a section that nobody has",
    capture: "plain-11.1",
    edits: ["set section=timer,idstr=a-timer-of-another-world"],
    words: "Unknown section or instance 'a-timer-of-another-world' 0",
  },
  {
    name: "a section that nobody has, as compat sees it",
    capture: "plain-7.2",
    edits: ["set section=timer,idstr=a-timer-of-another-world"],
    words: "Unknown savevm section or instance 'a-timer-of-another-world' 0",
    by: "compat",
  },
  {
    name: "the state of the run, which is none",
    capture: "plain-7.2",
    edits: [`set section=globalstate,kind=device-state,runstate=${"78".repeat(99)}00`],
    words: `invalid parameter value: ${"x".repeat(99)}`,
  },
  {
    name: "the state of the run, which is none",
    capture: "plain-11.1",
    edits: [`set section=globalstate,kind=device-state,runstate=${runState("")}`],
    words: "invalid parameter value:",
  },
  {
    name: "the state of the run, which is a bad one",
    capture: "plain-11.1",
    edits: [`set section=globalstate,kind=device-state,runstate=${runState("save-vm")}`],
    words: "invalid runstate transition: 'inmigrate' -> 'save-vm'",
  },
  { name: "a device's field", capture: "plain-7.2", edits: ["set section=timer,cpu_ticks_offset=5"] },
  {
    name: "a section's version raised",
    capture: "plain-11.1",
    edits: ["set section=*/piix4_pm,kind=section-full,versionId=9"],
    words: "unsupported version 9 for '0000:00:01.3/piix4_pm'",
    by: "compat",
  },
];

const LIMITS = { stallMs: 4_000, verdictMs: 15_000 } as const;

/** The UUID of a machine that is given none. */
const NO_UUID = "00000000-0000-0000-0000-000000000000";

/** The cases. */
export function editCases(recorded: readonly Recorded[]): Case[] {
  return EDITED.map((edited): Case => {
    const capture = recorded.find(({ name }) => name === edited.capture);
    if (capture === undefined) throw new Error(`edit wants the capture ${edited.capture}`);
    return { name: `edit ${edited.capture}: ${edited.name}`, run: (folder) => run(edited, capture, folder) };
  });
}

async function run(
  { edits, leaveWrong = [], words, by, foreseen = words }: Edited,
  { path, qemu }: Recorded,
  folder: string,
): Promise<string> {
  const capture = openCapture(path);
  try {
    const edited = editCapture(capture, edits.map(parsed), { leaveWrong });
    const before = by === "compat" ? await askCompat(edited, qemu, folder) : await askCheck(edited);
    const argv = capture.manifest?.destination?.command ?? [];
    const target = { kind: "spawn", argv, recorded: true, binary: qemu.path } as const;
    const { kind, reason } = (await replay(edited, { target, limits: LIMITS })).verdict;
    assertEquals(kind === "completed", words === undefined, `it is ${kind}: ${reason}; foreseen: ${before.text}`);
    if (words !== undefined) assertStringIncludes(reason, words);
    if (by === "warnings" && words !== undefined) {
      for (const warnings of before.warnings) assertStringIncludes(warnings, words);
      return `fails, as was warned: ${words}`;
    }
    assertEquals(before.ok, words === undefined, `foreseen: ${before.text}; it is ${kind}: ${reason}`);
    if (words === undefined) return "loads, as foreseen";
    assertStringIncludes(before.text, foreseen ?? words);
    return `fails, as foreseen: ${words}`;
  } finally {
    capture.close();
  }
}

function parsed(text: string): ReturnType<typeof parseEdit> {
  const at = text.indexOf(" ");
  const action = EDIT_ACTIONS.find((known) => known === text.slice(0, at));
  assert(action !== undefined, text);
  return parseEdit(action, text.slice(at + 1));
}

/** What is said of it beforehand. */
interface Foreseen {
  readonly ok: boolean;
  readonly text: string;
  /** The warnings of each. */
  readonly warnings: readonly string[];
}

/** What `check` and `load` say. */
async function askCheck(edited: EditedCapture): Promise<Foreseen> {
  const known = withUuid(edited);
  const { problems } = checkCapture(known, {});
  const errors = problems.filter(({ severity }) => severity === "error");
  const { verdict, warnings } = await loadReport(known);
  const text = [...errors.map(({ message, qemu }) => qemu ?? message), verdict.qemu ?? verdict.reason].join("; ");
  const warned = problems.filter(({ severity }) => severity === "warning");
  return {
    ok: errors.length === 0 && verdict.kind === "ok",
    text,
    warnings: [
      warned.map(({ message, qemu = "" }) => `${message}: ${qemu}`).join("; "),
      warnings.map(({ message }) => message).join("; "),
    ],
  };
}

/** The capture, with what the command of its destination leaves unsaid. */
function withUuid(edited: EditedCapture): EditedCapture {
  const { manifest } = edited;
  if (manifest?.destination?.command === undefined) return edited;
  const command = [...manifest.destination.command, "-uuid", NO_UUID];
  return { ...edited, manifest: { ...manifest, destination: { ...manifest.destination, command } } };
}

/** What `compat` says, which asks the QEMU about itself; of the capture as it is written. */
async function askCompat(edited: EditedCapture, qemu: Qemu, folder: string): Promise<Foreseen> {
  const scene = await Scene.open(folder);
  try {
    const path = `${scene.folder}/edited`;
    for (const _ of writeWholeDirectory(path, (into) => writeDirectory(edited, into), { owns: isCaptureFile }));
    const { path: binary } = await withOwnModules(qemu, scene.folder);
    const io = memoryIo();
    await main(["compat", path, "--qemu", binary, "--json"], io);
    assert(io.out() !== "", io.err());
    const { ok, problems }: CompatReport = JSON.parse(io.out());
    return { ok, text: problems.map(({ qemu: words, message }) => words ?? message).join("; "), warnings: [] };
  } finally {
    await scene.close();
  }
}
