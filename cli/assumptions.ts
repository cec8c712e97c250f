import type { DeviceExpectation, Expectations, Known } from "../src/public/capture.ts";
import { formatBytes, printable } from "./terminal.ts";

/** What is said, and who says it. */
type Said = readonly [what: string, from: string];

/**
 * What the destination is taken for, and where that is from, in one line.
 *
 * @param expectations What it expects.
 */
export function assumptions(expectations: Expectations): string {
  const all = [...general(expectations), ...(expectations.devices ?? []).flatMap((one) => [...device(one)])];
  if (all.length === 0) {
    return "destination: nothing is known, so the streams are judged by themselves; --qemu and others tell about it";
  }
  const bySource = Map.groupBy(all, ([, from]) => from);
  const parts = [...bySource].map(([from, said]) => `${said.map(([what]) => what).join(", ")} (${from})`);
  return printable(`destination: ${parts.join("; ")}`);
}

function* general(expectations: Expectations): Generator<Said> {
  const { qemu, arch, machine, ramBytes, uuid, multifd, multifdChannels, multifdCompression } = expectations;
  const usesMultifd = multifd?.value !== false;
  yield* say(qemu, (version) => `QEMU ${version}`);
  // That of a recording shows in its machine type.
  if (arch?.origin === "option") yield* say(arch, (name) => `architecture ${name}`);
  yield* say(machine, (name) => `machine ${name}`);
  yield* say(ramBytes, (bytes) => `memory ${formatBytes(bytes)}`);
  yield* say(uuid, (text) => `UUID ${text}`);
  yield* say(multifd, (on) => `multifd ${onOff(on)}`);
  if (usesMultifd) {
    yield* say(multifdChannels, (channels) => `${channels} multifd ${channels === 1 ? "channel" : "channels"}`);
    yield* say(multifdCompression, (method) => `multifd compression ${method}`);
  }
  const switches = [
    ["mapped-ram", expectations.mappedRam],
    ["x-ignore-shared", expectations.ignoreShared],
    ["postcopy-ram", expectations.postcopyRam],
    ["switchover-ack", expectations.switchoverAck],
  ] as const;
  for (const [name, known] of switches) {
    // What a recorder does not mention is off, which is what everybody expects.
    if (known?.value === true || known?.origin === "option") yield* say(known, (on) => `${name} ${onOff(on)}`);
  }
}

function* device(expectation: DeviceExpectation): Generator<Said> {
  const { idstr = "VFIO devices", overMultifd, configAfterIter, maxQueuedSize } = expectation;
  yield* say(overMultifd, (on) => `${idstr} ${on ? "over multifd" : "on the main channel"}`);
  if (configAfterIter?.value === true || configAfterIter?.origin === "option") {
    yield* say(configAfterIter, (on) => `${idstr} load-config-after-iter ${onOff(on)}`);
  }
  yield* say(maxQueuedSize, (bytes) => `${idstr} queues ${bytes} ${bytes === 1 ? "byte" : "bytes"} at most`);
}

function* say<T>(known: Known<T> | undefined, text: (value: T) => string): Generator<Said> {
  if (known !== undefined) yield [text(known.value), known.from];
}

function onOff(value: boolean): string {
  return value ? "on" : "off";
}
