/** Migrations that fail: QEMU says what migwire says that it says. @module */

import { assert } from "@std/assert";
import type { Case } from "./case.ts";
import { Damage } from "./damage.ts";
import { check, type ReadBack, writtenAnew } from "./judge.ts";
import { MACHINE } from "./machine.ts";
import { migrateOverRelay, sendTo, startDestination, writeCapture } from "./migrate.ts";
import { Scene } from "./scene.ts";
import type { Qemu, Settings } from "./vm.ts";

/** What is sent before it is damaged. */
type Stream = "plain" | "multifd";

/** A migration that fails. */
interface Failure {
  readonly name: string;
  /** Code of the finding that tells of it. */
  readonly code: string;
  /** What is sent; `plain` if not said. */
  readonly stream?: Stream;
  /** What is done to it. */
  readonly damage?: (damage: Damage) => void;
  /** Arguments of the destination. */
  readonly args?: readonly string[];
  /** Settings of the destination, where they are not the source's. */
  readonly settings?: Settings;
  /** First version that minds. */
  readonly since?: string;
  /** First version that says nothing any more. */
  readonly before?: string;
  /**
   * The destination is to notice the damage while it waits for the main channel. One that has all of that waits for the
   * damaged channel at the next barrier, for ever and without a word.
   */
  readonly holdsMain?: boolean;
}

const SETTINGS: { readonly [stream in Stream]: Settings } = {
  plain: {},
  multifd: { capabilities: ["multifd"], parameters: { "multifd-channels": 2 } },
};

/** The machine with another value of an option. */
function machineWith(option: string, value: string): string[] {
  const words = [...MACHINE];
  const at = words.indexOf(option);
  if (at < 0) return [...words, option, value];
  words[at + 1] = value;
  return words;
}

const UUID = "00112233-4455-6677-8899-aabbccddeeff";

/** What a page's header says: its block is that of the page before. */
const CONTINUE = 0x20;

const FAILURES: readonly Failure[] = [
  { name: "another machine type", code: "machine", args: machineWith("-M", "q35") },
  { name: "another size of memory", code: "ram-size", args: machineWith("-m", "16") },
  {
    name: "no migration stream",
    code: "not-understood",
    damage: (damage) => damage.put(damage.find("main", "file-header"), 3, 0x4e),
  },
  {
    name: "another version",
    code: "version",
    damage: (damage) => damage.put(damage.find("main", "file-header"), 4, 0, 0, 0, 4),
  },
  {
    name: "version 2",
    code: "version",
    damage: (damage) => damage.put(damage.find("main", "file-header"), 4, 0, 0, 0, 2),
  },
  {
    name: "cut in the magic",
    code: "truncated",
    before: "10.2",
    damage: (damage) => damage.cut(damage.find("main", "file-header"), 3),
  },
  {
    name: "cut in the version",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "file-header"), 7),
  },
  {
    name: "cut before the configuration",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "configuration"), 0),
  },
  {
    name: "cut in the length of the machine's name",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "configuration"), 3),
  },
  {
    name: "cut in the machine's name",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "configuration"), 9),
  },
  {
    name: "cut before a page",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "ram-page"), 0),
  },
  {
    name: "cut in a page's address",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "ram-page"), 5),
  },
  {
    name: "cut in a block's name",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "ram-page"), 11),
  },
  {
    name: "cut in a page",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "ram-page"), 1000),
  },
  {
    name: "cut in a device",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "device-state"), 3),
  },
  {
    name: "cut before a section",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "section-full"), 0),
  },
  {
    name: "cut in a section's header",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "section-full"), 8),
  },
  {
    name: "cut in a section's id",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "section-full"), 3),
  },
  {
    name: "cut behind a section's name",
    code: "truncated",
    damage: (damage) => {
      const { label, record } = damage.find("main", "section-full");
      damage.cut({ label, record }, 6 + record.idstr.length);
    },
  },
  {
    name: "cut in a short section's id",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "section-part"), 3),
  },
  {
    name: "cut in a command",
    code: "truncated",
    damage: (damage) => {
      const place = damage.find("main", "section-start");
      damage.insert(place, 8, 0, 5, 0, 0);
      // In what was inserted.
      damage.cut(place, 3);
    },
  },
  {
    name: "cut at the start of a device",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "device-state"), 0),
  },
  {
    name: "cut in a footer",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "section-footer"), 3),
  },
  {
    name: "cut before a footer",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "section-footer"), 0),
  },
  {
    name: "cut before the end",
    code: "truncated",
    damage: (damage) => damage.cut(damage.find("main", "eof"), 0),
  },
  {
    name: "another id in a footer",
    code: "footer-mismatch",
    damage: (damage) => damage.put(damage.find("main", "section-footer"), 4, 0x4d),
  },
  {
    name: "no footer",
    code: "footer-missing",
    damage: (damage) => damage.put(damage.find("main", "section-footer"), 0, 0x7d),
  },
  {
    name: "another id in a device's footer",
    code: "footer-mismatch",
    damage: (damage) => damage.put(damage.behind(damage.find("main", "device-state")), 4, 0x4d),
  },
  {
    name: "no footer of a device",
    code: "footer-missing",
    damage: (damage) => damage.put(damage.behind(damage.find("main", "device-state")), 0, 0x7d),
  },
  {
    name: "PING without a return path",
    code: "no-return-path",
    damage: (damage) => damage.insert(damage.find("main", "section-start"), 8, 0, 2, 0, 4, 0xca, 0xfe, 0, 1),
  },
  {
    name: "unknown command",
    code: "unknown-command",
    damage: (damage) => damage.insert(damage.find("main", "section-start"), 8, 0, 0x63, 0, 1, 0),
  },
  {
    name: "command of another length",
    code: "command-length",
    damage: (damage) => damage.insert(damage.find("main", "section-start"), 8, 0, 2, 0, 2, 0, 0),
  },
  {
    name: "postcopy in the wrong order",
    code: "postcopy-state",
    damage: (damage) => damage.insert(damage.find("main", "section-start"), 8, 0, 5, 0, 0),
  },
  {
    name: "unknown kind of section",
    code: "section-type",
    damage: (damage) => damage.put(damage.find("main", "section-full"), 0, 0x30),
  },
  {
    name: "section that was not announced",
    code: "unknown-section",
    damage: (damage) => damage.put(damage.find("main", "section-part"), 4, 0x4d),
  },
  {
    name: "newer version of a section",
    code: "section-version",
    damage: (damage) => {
      const header = damage.find("main", "section-start", ({ idstr }) => idstr === "ram");
      damage.put(header, header.record.length - 1, 9);
    },
  },
  {
    name: "unknown flags of a page",
    code: "ram-flags",
    damage: (damage) => damage.put(damage.find("main", "ram-page", ({ flags }) => (flags & CONTINUE) !== 0), 7, 0x29),
  },
  {
    name: "unknown block",
    code: "unknown-block",
    damage: (damage) => damage.put(damage.find("main", "ram-page", ({ flags }) => (flags & CONTINUE) === 0), 9, 0x58),
  },
  {
    name: "page outside of its block",
    code: "offset",
    damage: (damage) => damage.put(damage.find("main", "ram-page"), 3, 1),
  },
  {
    name: "no block named",
    code: "no-block",
    damage: (damage) => damage.put(damage.find("main", "ram-zero"), 7, 0x22),
  },
  {
    name: "zero page that is not zero",
    code: "fill",
    since: "8.2",
    damage: (damage) => {
      const zero = damage.find("main", "ram-zero", ({ flags }) => (flags & CONTINUE) === 0);
      damage.put(zero, 9 + zero.record.block.length, 7);
    },
  },
  {
    name: "multifd: no migration stream",
    stream: "multifd",
    code: "not-understood",
    damage: (damage) => damage.put(damage.find("main", "file-header"), 3, 0x4e),
  },
  {
    name: "multifd: no initial packet",
    stream: "multifd",
    code: "not-understood",
    damage: (damage) => damage.put(damage.find("multifd 1", "multifd-init"), 3, 0x45),
  },
  {
    name: "multifd: another version",
    stream: "multifd",
    code: "version",
    damage: (damage) => damage.put(damage.find("multifd 1", "multifd-init"), 7, 2),
  },
  {
    name: "multifd: channel beyond the last",
    stream: "multifd",
    code: "channel-id",
    damage: (damage) => damage.put(damage.find("multifd 1", "multifd-init"), 24, 5),
  },
  {
    name: "multifd: the same channel twice",
    stream: "multifd",
    code: "channel-id-twice",
    damage: (damage) => damage.put(damage.find("multifd 1", "multifd-init"), 24, 0),
  },
  { name: "multifd: another UUID", stream: "multifd", code: "uuid", args: machineWith("-uuid", UUID) },
  packetFailure("no packet", "magic", (damage) => damage.put(damage.find("multifd", "multifd-ram"), 0, 0x21)),
  packetFailure("packet of another version", "version", (damage) => {
    damage.put(damage.find("multifd", "multifd-ram"), 7, 2);
  }),
  packetFailure("too many pages", "pages", (damage) => damage.put(damage.find("multifd", "multifd-ram"), 14, 1, 0)),
  packetFailure("more pages than there is room for", "normal", (damage) => {
    damage.put(damage.find("multifd", "multifd-ram"), 19, 200);
  }),
  packetFailure("unknown block", "block", (damage) => damage.put(damage.find("multifd", "multifd-ram"), 64, 0x58)),
  packetFailure("page outside of its block", "offset", (damage) => {
    damage.put(damage.find("multifd", "multifd-ram"), 320 + 4, 1);
  }),
  packetFailure("cut in a page", "truncated", (damage) => {
    const packet = damage.find("multifd", "multifd-ram", ({ payload }) => payload !== undefined);
    damage.cut(packet, packet.record.length - 100);
  }),
  {
    ...packetFailure("another compression", "compression"),
    settings: { capabilities: ["multifd"], parameters: { "multifd-channels": 2, "multifd-compression": "zlib" } },
  },
];

/** Something is wrong with a packet. */
function packetFailure(name: string, code: string, damage?: Failure["damage"]): Failure {
  return {
    name: `multifd: ${name}`,
    stream: "multifd",
    holdsMain: true,
    code,
    ...(damage === undefined ? {} : { damage }),
  };
}

/** The cases for one QEMU. */
export function failureCases(qemu: Qemu): Case[] {
  const streams = new Map<Stream, Promise<ReadBack[]>>();
  const record = (stream: Stream, folder: string): Promise<ReadBack[]> => {
    const recorded = streams.get(stream) ?? recordWhole(qemu, stream, folder);
    streams.set(stream, recorded);
    return recorded;
  };
  const version = parseFloat(qemu.version);
  const minded = FAILURES.filter(({ since = "0", before = "Infinity" }) =>
    parseFloat(since) <= version && version < parseFloat(before)
  );
  return minded.map((failure) => ({
    name: `${qemu.version} ${failure.name}`,
    run: async (folder) => await run(failure, qemu, { folder, whole: await record(failure.stream ?? "plain", folder) }),
  }));
}

/** A migration that goes well, as it is before it is damaged. */
async function recordWhole(qemu: Qemu, stream: Stream, folder: string): Promise<ReadBack[]> {
  const scene = await Scene.open(folder);
  try {
    const { capture } = await migrateOverRelay(scene, { qemu, settings: SETTINGS[stream] });
    return writtenAnew(capture);
  } finally {
    await scene.close();
  }
}

async function run(
  failure: Failure,
  qemu: Qemu,
  { folder, whole }: { readonly folder: string; readonly whole: readonly ReadBack[] },
): Promise<string> {
  const { stream = "plain", damage, args = MACHINE, settings = SETTINGS[stream], holdsMain = false } = failure;
  const scene = await Scene.open(folder);
  try {
    const damaged = new Damage(whole);
    // Behind the first barrier, and before the next.
    const holdMainAt = holdsMain ? damaged.find("main", "section-part").record.offset : undefined;
    damage?.(damaged);
    const destination = await startDestination(scene, qemu, settings, args);
    const capture = await writeCapture(scene, destination, damaged.bytes);
    const predicted = predictedWords(capture, failure);
    const sending = await sendTo(scene, destination, damaged.bytes, holdMainAt);
    const said = await destination.heard(predicted);
    sending.close();
    await sending.sent;
    const heard = predicted.find((words) => said.includes(words));
    assert(heard !== undefined, `migwire: ${predicted.join(" | ")}\nQEMU: ${said}`);
    return `QEMU says "${heard}", as migwire has it`;
  } finally {
    await scene.close();
  }
}

/**
 * What QEMU says according to migwire's findings. Where several channels have the same fault, QEMU names the one that it
 * happens to read first.
 */
function predictedWords(capture: string, { code }: Failure): string[] {
  const { problems } = check(capture);
  const words = problems.flatMap((problem) =>
    problem.code === code && problem.severity === "error" && problem.qemu !== undefined ? [problem.qemu] : []
  );
  assert(words.length > 0, `migwire has no words for ${code}: ${JSON.stringify(problems, null, 1)}`);
  return words;
}
