/** Migrations that end well: what migwire reads is what QEMU wrote, and what migwire writes, QEMU takes. @module */

import { assert, assertEquals } from "@std/assert";
import type { Case } from "./case.ts";
import { PC } from "./machine.ts";
import { assertChecks, assertInspects, assertSameMemory, digest, writtenAnew } from "./judge.ts";
import {
  beginPostcopy,
  type Migrated,
  migrateOverRelay,
  migrateToFile,
  type Migration,
  sendTo,
  severalRounds,
  startDestination,
} from "./migrate.ts";
import { OTHER_MACHINES, type OtherMachine } from "./other_machines.ts";
import { type Guest, Scene } from "./scene.ts";
import type { Qemu, Settings } from "./vm.ts";

/** A kind of migration. */
interface Kind {
  readonly name: string;
  /** Over connections, if not said. */
  readonly to?: "exec" | "file";
  readonly migration: Omit<Migration, "qemu">;
  readonly guest?: Guest;
  /** First version that can do it. */
  readonly since?: string;
  /** Last version that can do it. */
  readonly until?: string;
}

/** The guest is faster than the connection, so that no round is the last. */
const BUSY: Guest = { pages: 64, delay: 0x1000 };
const SLOW: Settings = { parameters: { "max-bandwidth": 1_000_000, "downtime-limit": 1 } };

/** A disk of zeros. The section `block` knows drives by their names, which those of `-blockdev` do not have. */
const DISK: readonly string[] = [
  "-drive",
  "if=none,id=disk,format=raw,file.driver=null-co,file.size=3145728,file.read-zeroes=on",
  "-device",
  "virtio-blk-pci,drive=disk",
];

/** A guest that is faster than the connection: its memory comes in rounds, till it may end. */
function inRounds(rounds: number, capabilities: readonly string[] = []): Pick<Kind, "guest" | "migration"> {
  return {
    guest: BUSY,
    migration: {
      runs: true,
      settings: { capabilities },
      sourceOnly: SLOW,
      during: (source) => severalRounds(source, rounds),
    },
  };
}

/** The guest goes on at the destination when a part of its memory has come. */
function toPostcopy(...capabilities: readonly string[]): Pick<Kind, "guest" | "migration"> {
  return {
    guest: BUSY,
    migration: {
      runs: true,
      settings: { capabilities: [...capabilities, "postcopy-ram"] },
      sourceOnly: { parameters: { "max-bandwidth": 400_000, "downtime-limit": 1 } },
      during: beginPostcopy,
    },
  };
}

function multifd(channels: number, compression: string): Kind {
  return {
    name: `multifd ${channels} ${compression}`,
    migration: {
      settings: {
        capabilities: ["multifd"],
        parameters: { "multifd-channels": channels, "multifd-compression": compression },
      },
    },
  };
}

const KINDS: readonly Kind[] = [
  { name: "into a file", to: "exec", migration: {} },
  { name: "plain", migration: {} },
  { name: "return path", migration: { settings: { capabilities: ["return-path"] } } },
  ...[2, 4].flatMap((channels) => ["none", "zlib", "zstd"].map((compression) => multifd(channels, compression))),
  { name: "several rounds", ...inRounds(3) },
  { name: "xbzrle", ...inRounds(4, ["xbzrle"]) },
  { name: "postcopy", ...toPostcopy() },
  { name: "mapped-ram", to: "file", migration: { settings: { capabilities: ["mapped-ram"] } }, since: "9.0" },
  {
    name: "mapped-ram multifd",
    to: "file",
    migration: { settings: { capabilities: ["mapped-ram", "multifd"] } },
    since: "9.0",
  },
  { name: "compress", migration: { settings: { capabilities: ["compress"] } }, until: "9.0" },
  { name: "compress, several rounds", ...inRounds(3, ["compress"]), until: "9.0" },
  ...[[], ["zero-blocks"]].map((more): Kind => ({
    name: ["block", ...more].join(", "),
    migration: { machine: { ...PC, args: [...PC.args, ...DISK] }, settings: { capabilities: ["block", ...more] } },
    until: "9.0",
  })),
  ...["none", "legacy"].map((method): Kind => ({
    name: `multifd, zero pages found by ${method}`,
    migration: {
      settings: { capabilities: ["multifd"], parameters: { "zero-page-detection": method } },
    },
    since: "9.0",
  })),
  { name: "validate-uuid", migration: { settings: { capabilities: ["validate-uuid"] } } },
  { name: "release-ram", migration: { settings: { capabilities: ["release-ram", "return-path"] } } },
  { name: "multifd, several rounds", ...inRounds(3, ["multifd"]) },
  { name: "multifd and xbzrle", ...inRounds(3, ["multifd", "xbzrle"]), until: "9.0" },
  { name: "multifd, then postcopy", ...toPostcopy("multifd"), since: "10.1" },
];

/** Its guest is its own firmware. */
function kindsOf(machine: OtherMachine): Kind[] {
  const multifd: Settings = { capabilities: ["multifd"] };
  return [
    { name: "into a file", to: "exec", migration: { machine } },
    { name: "plain", migration: { machine } },
    ...(machine.runs ? [{ name: "its firmware runs", migration: { machine, runs: true } }] : []),
    { name: "multifd", migration: { machine, settings: multifd } },
    { name: "mapped-ram", to: "file", migration: { machine, settings: { capabilities: ["mapped-ram"] } } },
  ];
}

/** The cases for one QEMU. */
export function migrationCases(qemu: Qemu): Case[] {
  const [, architecture] = qemu.version.split("-");
  const machine = architecture === undefined ? undefined : OTHER_MACHINES[architecture];
  const kinds = machine === undefined ? KINDS : kindsOf(machine);
  return kinds
    .filter(({ since = "0", until = "99" }) => {
      const version = parseFloat(qemu.version);
      return parseFloat(since) <= version && version <= parseFloat(until);
    })
    .map((kind) => ({ name: `${qemu.version} ${kind.name}`, run: (folder) => run(kind, qemu, folder) }));
}

async function run({ to, migration, guest }: Kind, qemu: Qemu, folder: string): Promise<string> {
  const scene = await Scene.open(folder, guest);
  try {
    const whole = { ...migration, qemu };
    const { machine = PC } = whole;
    const migrated = to === undefined ? await migrateOverRelay(scene, whole) : await migrateToFile(scene, whole, to);
    assertEquals(migrated.outcome, ["completed", "completed"]);
    await assertChecks(migrated.capture);
    const { main } = await assertInspects(migrated.capture);
    const memory = await migrated.destination.memory(machine.visible);
    await assertSameMemory(migrated.capture, memory, machine);
    const said = [`checks, inspects, same memory`, pages(main?.ramBlocks[0]?.pages ?? {})];
    if (to !== "file") {
      await sendAgain(scene, { ...migrated, ...whole, memory });
      said.push("sent again, same memory");
    }
    return said.join("; ");
  } finally {
    await scene.close();
  }
}

function pages(counts: object): string {
  return Object.entries(counts).filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** A migration that went well, and what is needed to do it again without a source. */
interface Again extends Migrated, Migration {
  readonly memory: readonly Uint8Array[];
}

/** What migwire writes from its records another destination takes, and has the same memory then. */
async function sendAgain(scene: Scene, { capture, memory, qemu, machine = PC, settings = {} }: Again): Promise<void> {
  const channels = writtenAnew(capture);
  assert(channels[0]?.label === "main");
  const destination = await startDestination(scene, qemu, settings, machine.args, "second");
  const sending = await sendTo(scene, destination, channels.map(({ bytes }) => bytes));
  const status = await destination.end();
  sending.close();
  await sending.sent;
  if (status !== "completed") throw new Error(`sent again: ${status}; QEMU says: ${await destination.stop()}`);
  const second = await destination.memory(machine.visible);
  for (const [i, part] of memory.entries()) {
    assertEquals(await digest(second[i] ?? new Uint8Array(0)), await digest(part), "memory of the second destination");
  }
}
