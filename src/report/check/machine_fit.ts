/** What the stream says of the machine, and what the destination is (main-channel.md §2.2, §5.2, §18). @module */

import { formatUuid, hex } from "../../wire/mod.ts";
import { isAtLeast, type Known, parseQemuVersion } from "../../capture/values.ts";
import type { Facts } from "./facts.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** Blocks of main memory that have all of `-m`, whatever the machine. */
const MAIN_MEMORY: readonly string[] = ["pc.ram", "microvm.ram", "mach-virt.ram"];

/** Capabilities that the configuration lists when they are on; both sides must agree. */
const VALIDATED = [["mapped-ram", "mappedRam"], ["x-ignore-shared", "ignoreShared"]] as const;

/** The same machine: type, memory, UUID. */
export function* machineRule({ main, expectations }: Facts): Generator<ProblemDraft> {
  const { machine, ramBytes, uuid } = expectations;
  const received = main.machine;
  // QEMU compares as far as the received name goes.
  if (received !== undefined && machine !== undefined && !machine.value.startsWith(received.name)) {
    yield error({
      code: "machine",
      channel: received.channel,
      offset: received.offset,
      field: "machine",
      message: `the machine type is ${received.name}, the destination has ${machine.value}`,
      qemu: `Machine type received is '${received.name}' and local is '${machine.value}'`,
      hint: `start the destination with -machine ${received.name}`,
      expected: machine,
      lost: "the destination cannot have been this machine",
    });
  }
  for (const name of MAIN_MEMORY) {
    const block = main.blocks.get(name);
    if (block === undefined || ramBytes === undefined || block.usedLength === ramBytes.value) continue;
    yield error({
      code: "ram-size",
      channel: block.channel,
      offset: block.offset,
      field: "usedLength",
      message: `RAM block ${name} has ${block.usedLength} bytes, the destination has ${ramBytes.value}`,
      qemu: `Size mismatch: ${name}: ${hex(block.usedLength)} != ${hex(ramBytes.value)}: Invalid argument`,
      hint: "start the destination with the source's -m",
      expected: ramBytes,
      lost: "the destination cannot have taken this block",
    });
  }
  const sent = main.uuid;
  if (sent === undefined || uuid === undefined || formatUuid(sent.bytes) === uuid.value) return;
  yield error({
    code: "uuid",
    channel: sent.channel,
    offset: sent.offset,
    field: "uuid",
    message: `the UUID is ${formatUuid(sent.bytes)}, the destination has ${uuid.value}`,
    qemu: `UUID received is ${formatUuid(sent.bytes)} and local is ${uuid.value}`,
    hint: "start the destination with the source's -uuid",
    expected: uuid,
    lost: "the destination was another machine",
  });
}

/** The same capabilities, as far as the stream tells them. */
export function* capabilityRule({ main, expectations }: Facts): Generator<ProblemDraft> {
  const { qemu } = expectations;
  const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
  const { machine, advise } = main;
  if (machine !== undefined) {
    for (const [name, key] of VALIDATED) {
      const received = main.capabilities.has(name);
      const isUnknown = name === "mapped-ram" && version !== undefined && !isAtLeast(version, 9, 0);
      const expected: Known<boolean> | undefined = isUnknown && qemu !== undefined
        ? { ...qemu, value: false }
        : expectations[key];
      if (expected === undefined || expected.value === received) continue;
      yield error({
        code: "capability",
        channel: machine.channel,
        offset: machine.offset,
        message: `the capability ${name} is ${onOff(received)}, the destination has it ${onOff(expected.value)}`,
        qemu: isUnknown
          ? `Received unknown capability ${name}`
          : `Capability ${name} is ${onOff(expected.value)}, but received capability is ${onOff(received)}`,
        hint: `set ${name} to the same on both sides`,
        expected,
        lost: "the destination cannot have read this",
      });
    }
  }
  const { postcopyRam } = expectations;
  if (advise === undefined || postcopyRam === undefined || postcopyRam.value === advise.forRam) return;
  yield error({
    code: "postcopy-ram",
    channel: advise.channel,
    offset: advise.offset,
    message: `the capability postcopy-ram is ${onOff(advise.forRam)}, the destination has it ${
      onOff(postcopyRam.value)
    }`,
    qemu: advise.forRam
      ? "RAM postcopy is disabled but have 16 byte advise"
      : "RAM postcopy is enabled but have 0 byte advise",
    hint: "set postcopy-ram to the same on both sides",
    expected: postcopyRam,
    lost: "the destination cannot have read this",
  });
}

function onOff(value: boolean): string {
  return value ? "on" : "off";
}
