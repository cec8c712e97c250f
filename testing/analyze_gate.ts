/**
 * Holds the fields of devices and the guest's RAM to what QEMU's own `analyze-migration.py` says: `deno task analyze-gate
 * [CAPTURE...]`. Every main channel beside the project that the script can read is read by both; commands and VFIO
 * devices, which it cannot read, are taken out with `migwire edit` first. Needs a Debian with Python, and the network
 * the first time.
 *
 * @module
 */

import { type Capture, identifyChannels, openCapture, readBytes, readCapture } from "../src/capture/mod.ts";
import { type Edit, editCapture, EditError, parseEdit } from "../src/edit/mod.ts";
import { assembleRam } from "../src/load/mod.ts";
import type { DeviceStateRecord, LongSectionRecord } from "../src/stream/mod.ts";
import { decodeDeviceBody, type DeviceDescription } from "../src/wire/mod.ts";
import { analyse, type Analysis, scriptPath } from "./analyze/script.ts";
import { type Compared, compareState } from "./analyze/compare_state.ts";
import { CORPUS_FOLDERS } from "./corpus_folders.ts";
import { needProgram } from "./needed_program.ts";
import { withFolder } from "./temporary.ts";

/** As many of the captures beside the project it can read, at least; with commands taken out. */
const LEAST = 35;

/**
 * What the script does not know: commands but one. The state of a VFIO device it takes for bytes without an end, and what
 * comes then for its state.
 */
const UNKNOWN = [parseEdit("drop", "kind=command"), parseEdit("drop", "section=*/vfio")];

await needProgram("python3");
/** Records of the main channel that say nothing of what a section holds. */
const FRAMING: readonly string[] = ["section-full", "section-start", "section-part", "section-end", "section-footer"];

const script = await scriptPath();
let [failed, read] = [0, 0];
const only = new Set(Deno.args);
for (const { url, captures } of CORPUS_FOLDERS) {
  for (const name of captures.filter((name) => only.size === 0 || only.has(name))) {
    const capture = openCapture(new URL(name, url).pathname);
    try {
      await hold(name, capture);
    } finally {
      capture.close();
    }
  }
}
if (only.size === 0 && read < LEAST) {
  console.log(`FAIL  the script can read ${read} captures, it should ${LEAST}`);
  failed++;
}
console.log(`${read} captures read by both, ${failed} with differences`);
Deno.exit(failed === 0 ? 0 : 1);

async function hold(name: string, capture: Capture): Promise<void> {
  let [taken, how] = [capture, ""];
  let analysed = await analysedBy(taken);
  if (isMisread(analysed)) {
    [taken, how] = [UNKNOWN.reduce(without, capture), ", without commands and VFIO devices"];
    analysed = await analysedBy(taken);
  }
  if (typeof analysed === "string") {
    console.log(`-     ${name}${how}: the script cannot read it (${analysed})`);
    return;
  }
  read++;
  const compared = await compare(taken, analysed);
  const { differences, values, blocks } = compared;
  if (differences.length > 0) failed++;
  const what = `${values} values in ${Object.keys(analysed.sections).length} sections, ${blocks} blocks of RAM`;
  console.log(`${differences.length === 0 ? "ok   " : "FAIL "} ${name}${how}: ${what}`);
  for (const text of differences.slice(0, 20)) console.log(`      ${text}`);
}

/** Whether there is something in it that the script does not know, or takes for something else. */
function isMisread(analysed: Extracted | string): boolean {
  return typeof analysed === "string"
    ? /Unknown QEMU_VM_COMMAND|Unknown section type|KeyError: \d/.test(analysed)
    : Object.keys(analysed.sections).some((name) => name.includes("/vfio ("));
}

/** The capture without what the edit is for, if there is such a thing. */
function without(capture: Capture, edit: Edit): Capture {
  try {
    return editCapture(capture, [edit]);
  } catch (error) {
    if (error instanceof EditError && error.code === "no-record") return capture;
    throw error;
  }
}

interface Extracted extends Analysis {
  /** SHA-256 of blocks. */
  readonly blocks: ReadonlyMap<string, string>;
}

/** What the script says of the main channel. */
async function analysedBy(capture: Capture): Promise<Extracted | string> {
  const channel = mainChannel(capture);
  if (channel === undefined) return "there is no main channel";
  let result: Extracted | string = "";
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/stream`, channel);
    const analysis = await analyse(script, `${folder}/stream`, folder);
    result = typeof analysis === "string" ? analysis : { ...analysis, blocks: await blocksIn(folder, analysis) };
  });
  return result;
}

function mainChannel(capture: Capture): Uint8Array | undefined {
  const main = identifyChannels(capture).find(({ identity }) => identity.role === "main")?.channel.source;
  return main && readBytes(main, 0, Infinity);
}

async function blocksIn(folder: string, { sections }: Analysis): Promise<ReadonlyMap<string, string>> {
  const sizes = Object.entries(sections).find(([name]) => name.startsWith("ram ("))?.[1]["section sizes"] ?? {};
  const blocks = Object.keys(sizes).map(async (name) => {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${folder}/${name}`));
    return [name, new Uint8Array(digest).toHex()] as const;
  });
  return new Map(await Promise.all(blocks));
}

/** Compares what both make of the same bytes. */
async function compare(capture: Capture, { sections, blocks }: Extracted): Promise<Compared & { blocks: number }> {
  const compared: Compared = { values: 0, differences: [] };
  /** Sections that the script has, and migwire has not had. */
  const left = new Set(Object.keys(sections));
  const bodies: {
    readonly section: LongSectionRecord;
    readonly body: DeviceStateRecord;
    readonly bytes: Uint8Array;
  }[] = [];
  let section: LongSectionRecord | undefined;
  const { state } = readCapture(capture, (record, { channel: { source } }) => {
    if (record.kind === "section-full" || record.kind === "section-start") section = record as LongSectionRecord;
    if (section === undefined || source === undefined) return;
    // What has records of its own the script passes over, as it does the state of spapr/htab; RAM is compared by itself.
    if (!FRAMING.includes(record.kind)) left.delete(`${section.idstr} (${section.sectionId})`);
    if (record.kind !== "device-state") return;
    bodies.push({ section, body: record as DeviceStateRecord, bytes: readBytes(source, record.offset, record.length) });
  });
  for (const { section, body: { idstr, instanceId, ordinal }, bytes } of bodies) {
    const name = `${idstr} (${section.sectionId})`;
    const description = described(state.description?.devices ?? [], idstr, instanceId, ordinal);
    const theirs = sections[name];
    if (description === undefined || theirs === undefined) {
      compared.differences.push(
        `${name}: ${theirs === undefined ? "the script does not have it" : "it is not described"}`,
      );
    } else compareState(theirs, decodeDeviceBody(bytes, description).children, bytes, name, compared);
  }
  for (const name of left) compared.differences.push(`${name}: only the script has it`);
  return { ...compared, blocks: await compareRam(capture, blocks, compared) };
}

function described(
  devices: readonly DeviceDescription[],
  idstr: string,
  instanceId: number,
  ordinal: number,
): DeviceDescription | undefined {
  return devices.filter((device) => device.name === idstr && device.instanceId === instanceId)[ordinal];
}

/** Compares the blocks, where all pages are on the main channel. Gives how many. */
async function compareRam(
  capture: Capture,
  blocks: ReadonlyMap<string, string>,
  { differences }: Compared,
): Promise<number> {
  if (capture.channels.filter(({ direction }) => direction === "s2d").length > 1) return 0;
  const image = await assembleRam(capture);
  for (const { name, ...block } of image.blocks) {
    if (blocks.get(name) !== block.sha256()) differences.push(`${name}: the script has other RAM`);
  }
  if (image.blocks.length !== blocks.size) {
    differences.push(`the script has ${blocks.size} blocks, migwire ${image.blocks.length}`);
  }
  return image.blocks.length;
}
