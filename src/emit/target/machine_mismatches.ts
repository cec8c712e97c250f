import { isAtLeast } from "../../capture/mod.ts";
import type { StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";
import { type Mismatch, mismatch } from "./mismatch.ts";
import type { TargetBlock } from "./ram_blocks.ts";
import { settingOf, type TargetSettings } from "./settings.ts";

const NO_UUID = "00000000-0000-0000-0000-000000000000";

const RESTART = "start QEMU anew with -incoming defer";

/** Blocks that are never in a stream: the memory of passed-through devices. */
const NOT_MIGRATED = / mmaps\[\d+\]$/;

/** Blocks that take the size that comes, whatever they have. */
const RESIZABLE = /^\/rom@/;

/** What does not fit of the machine: its state, type, version, UUID and memory. */
export function machineMismatches(needs: StreamNeeds, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  return [
    ...stateMismatches(facts),
    ...typeMismatches(needs, facts),
    ...versionMismatches(needs, facts),
    ...uuidMismatches(needs, facts, settings),
    ...blockMismatches(needs, facts),
  ];
}

function stateMismatches(facts: TargetFacts): Mismatch[] {
  const { runState, migration } = facts;
  if (migration !== undefined && migration !== "none" && migration !== "setup") {
    return [mismatch(facts, "used", `the target's migration is ${migration} already`, { hint: RESTART })];
  }
  if (runState === undefined || runState === "inmigrate") return [];
  return [
    mismatch(facts, "not-a-destination", `the target does not wait for a migration: its state is ${runState}`, {
      qemu: "'-incoming' was not specified on the command line",
      hint: RESTART,
    }),
  ];
}

/** QEMU compares as many characters as came, so that a name which begins alike passes (main-channel.md §2). */
function typeMismatches({ machine }: StreamNeeds, facts: TargetFacts): Mismatch[] {
  if (machine === undefined || facts.machine === undefined || facts.machine.startsWith(machine)) return [];
  return [
    mismatch(facts, "machine", `the stream is of machine type ${machine}, the target is ${facts.machine}`, {
      qemu: `Machine type received is '${machine}' and local is '${facts.machine}'`,
      hint: `start QEMU with -machine ${machine}`,
    }),
  ];
}

function versionMismatches(needs: StreamNeeds, facts: TargetFacts): Mismatch[] {
  if (isAtLeast(facts.version, 10, 0)) return [];
  const found: Mismatch[] = [];
  if (needs.switchoverStart) {
    found.push(
      mismatch(facts, "version", `the stream has SWITCHOVER_START, which QEMU ${facts.qemu} does not know`, {
        qemu: "MIG_CMD 0xb unknown (len 0x0)",
        hint: "it needs QEMU 10.0 or later",
      }),
    );
  }
  if (needs.devices.some(({ state }) => state === "multifd")) {
    found.push(
      mismatch(
        facts,
        "version",
        `the stream has device state on multifd channels, which QEMU ${facts.qemu} cannot load`,
        {
          hint: "it needs QEMU 10.0 or later",
        },
      ),
    );
  }
  return found;
}

function uuidMismatches(needs: StreamNeeds, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  const local = facts.uuid;
  if (local === undefined) return [];
  const sent = needs.uuid ?? NO_UUID;
  if (sent === local) return [];
  if (needs.multifdChannels > 0 && settingOf(settings, facts, "capability", "multifd") === true) {
    return [
      mismatch(facts, "uuid", `the multifd channels name the machine ${sent}, the target is ${local}`, {
        qemu: `multifd: received uuid '${sent}' and expected uuid '${local}' for channel 0`,
        hint: `start QEMU with -uuid ${sent}, or send the target's with --uuid ${local}`,
      }),
    ];
  }
  // A target without a UUID only warns.
  if (!needs.capabilities.includes("validate-uuid") || local === NO_UUID) return [];
  return [
    mismatch(facts, "uuid", `the stream names the machine ${sent}, the target is ${local}`, {
      qemu: `UUID received is ${sent} and local is ${local}`,
      hint: `start QEMU with -uuid ${sent}`,
    }),
  ];
}

function blockMismatches(needs: StreamNeeds, facts: TargetFacts): Mismatch[] {
  const { blocks } = facts;
  // A stream that is cut off early has none: then nothing is known of them.
  if (blocks === undefined || needs.blocks.length === 0) return [];
  const local = new Map(blocks.map((block) => [block.name, block]));
  const found = needs.blocks.flatMap(({ name, usedLength }) => {
    const block = local.get(name);
    local.delete(name);
    if (block !== undefined) return sizeMismatches(facts, block, usedLength);
    return mismatch(facts, "block-missing", `the target has no block ${name}`, {
      qemu: `Unknown ramblock "${name}", cannot accept migration`,
      hint: "start QEMU with the devices and the memory of the source",
    });
  });
  const extra = [...local.keys()].filter((name) => !NOT_MIGRATED.test(name));
  return [
    ...found,
    ...extra.map((name) =>
      mismatch(facts, "block-extra", `the target's block ${name} is not in the stream, and stays as it is`, {
        severity: "warning",
      })
    ),
  ];
}

function sizeMismatches(facts: TargetFacts, block: TargetBlock, sent: number): Mismatch[] {
  const { name, usedLength, maxLength } = block;
  if (sent === usedLength) return [];
  const resizable = maxLength > usedLength || RESIZABLE.test(name);
  if (resizable && sent <= maxLength) return [];
  const qemu = resizable
    ? `Size too large: ${name}: ${hex(sent)} > ${hex(maxLength)}: Invalid argument`
    : `Size mismatch: ${name}: ${hex(sent)} != ${hex(usedLength)}: Invalid argument`;
  const size = resizable ? `at most ${hex(maxLength)}` : hex(usedLength);
  return [
    mismatch(facts, "block-size", `block ${name} has ${hex(sent)} bytes in the stream, at the target ${size}`, {
      qemu,
      hint: name.startsWith("/rom@") || name.startsWith("pc.bios")
        ? "start QEMU with the firmware of the source"
        : "start QEMU with the memory of the source (-m)",
    }),
  ];
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
