/**
 * How a VFIO device's state travels, and how the destination expects it (destination-engine.md B.7).
 *
 * @module
 */

import {
  type DeviceExpectation,
  expectationFor,
  type Expectations,
  isAtLeast,
  parseQemuVersion,
} from "../../capture/values.ts";
import { unknownSection } from "../../wire/mod.ts";
import { nameOf } from "./device_name.ts";
import type { DeviceFacts, Facts } from "./facts.ts";
import { error, type ProblemDraft, warning } from "./problem.ts";

const AGREE = "set x-migration-multifd-transfer to the same on both sides";

/** What a device sent is possible by itself, whatever the destination expects. */
export function* deviceStateRule({ devices, whole }: Facts): Generator<ProblemDraft> {
  for (const device of devices) {
    const { idstr, start, end, full, config, packets, placeholder, stopData, loadReady } = device;
    const [packet] = packets;
    if (config !== undefined && (packet ?? placeholder) !== undefined) {
      yield error({
        code: "mode-mixed",
        channel: config.channel,
        offset: config.offset,
        message: `"${idstr}" has its config on the main channel, and state over multifd: no destination takes both`,
        qemu: "NAME: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer",
      });
    } else if (stopData !== undefined && packet !== undefined) {
      yield warning({
        code: "mixed-data",
        channel: stopData.channel,
        offset: stopData.offset,
        message: `"${idstr}" has data on the main channel after the guest was stopped, and state over multifd`,
        qemu: "writes both to the device, in an order that is not defined",
      });
    }
    if (whole && placeholder !== undefined && packet === undefined) {
      yield error({
        code: "no-packets",
        channel: placeholder.channel,
        offset: placeholder.offset,
        message: `"${idstr}" has no config on the main channel, and no device-state packets either`,
        qemu: "waits for ever, or loses the device's state",
      });
    }
    if (loadReady[1] !== undefined) {
      yield error({
        code: "duplicate-ready",
        channel: loadReady[1].channel,
        offset: loadReady[1].offset,
        message: `"${idstr}" has CONFIG_LOAD_READY twice`,
        qemu: "NAME: duplicate DEV_CONFIG_LOAD_READY",
      });
    }
    if (start === undefined || full === undefined) continue;
    if (device.fullBeforeEnd && end !== undefined) {
      yield warning({
        code: "section-order",
        channel: full.channel,
        offset: full.offset,
        message: `the FULL section of "${idstr}" comes before its END`,
      });
    } else if (end === undefined && whole) {
      yield warning({
        code: "no-end",
        channel: full.channel,
        offset: full.offset,
        message: `"${idstr}" has no END section`,
      });
    }
  }
}

/** What a device sent is what the destination expects. */
export function* deviceFitRule(facts: Facts): Generator<ProblemDraft> {
  for (const device of facts.devices) {
    const expectation = expectationFor(facts.expectations, device.idstr);
    if (expectation === undefined) {
      yield* unknownDevice(facts, device);
      continue;
    }
    const misfits = [...modes(device, expectation)];
    yield* misfits;
    if (misfits.length === 0) yield* gates(facts, device, expectation);
  }
}

/** The destination's devices are all known, and this is none of them. */
function* unknownDevice({ expectations }: Facts, device: DeviceFacts): Generator<ProblemDraft> {
  const { devices, devicesAreAll } = expectations;
  const place = device.start ?? device.full;
  if (!devicesAreAll || place === undefined || !/^0000:00:..\.\d\/vfio$/.test(device.idstr)) return;
  const known = (devices ?? []).map(({ idstr }) => idstr).join(", ");
  yield error({
    code: "missing-device",
    channel: place.channel,
    offset: place.offset,
    field: "idstr",
    message: `the destination has no device "${device.idstr}", ${
      known === "" ? "and no VFIO device at all" : `only ${known}`
    }`,
    qemu: unknownSection(device),
    hint: "give the destination the same devices at the same addresses",
    expected: { value: known, origin: "capture", from: "capture.json" },
    lost: "its state was not loaded",
  });
}

/** The destination itself cannot do what it is told: `x-migration-multifd-transfer=on` without what that needs (row 18). */
export function* transferRule(facts: Facts): Generator<ProblemDraft> {
  const { devices = [], qemu } = facts.expectations;
  const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
  const reason = obstacle(facts.expectations);
  if (reason === undefined || (version !== undefined && !isAtLeast(version, 10, 0))) return;
  for (const expectation of devices) {
    const { idstr = facts.devices[0]?.idstr, transfer } = expectation;
    if (transfer?.value !== "on" || idstr === undefined) continue;
    const place = facts.devices.find((device) => device.idstr === idstr)?.start;
    yield error({
      code: "transfer-unsupported",
      channel: place?.channel ?? "main",
      offset: place?.offset ?? 0,
      message: `the destination is to take "${idstr}" over multifd, which it cannot: ${reason}`,
      qemu: `${
        nameOf({ idstr }, expectation)
      }: Multifd device transfer requested but unsupported in the current config`,
      hint: "it needs multifd on, multifd-compression none, mapped-ram off, send-switchover-start on",
      expected: transfer,
      lost: "the device's state cannot have been loaded so",
    });
  }
}

/** What stands in the way of device state over multifd. */
function obstacle(expectations: Expectations): string | undefined {
  const { multifd, mappedRam, multifdCompression, sendSwitchoverStart } = expectations;
  if (multifd?.value === false) return "multifd is off";
  if (mappedRam?.value === true) return "mapped-ram is on";
  const method = multifdCompression?.value ?? "none";
  if (method !== "none") return `multifd-compression is ${method}`;
  return sendSwitchoverStart?.value === false ? "send-switchover-start is off" : undefined;
}

/** Rows 15 and 16. */
function* modes(device: DeviceFacts, expectation: DeviceExpectation): Generator<ProblemDraft> {
  const { overMultifd } = expectation;
  const name = nameOf(device, expectation);
  const [packet] = device.packets;
  const { config } = device;
  if (overMultifd?.value === false && packet !== undefined) {
    yield error({
      code: "mode-mismatch",
      channel: packet.channel,
      offset: packet.offset,
      message: `the state of "${device.idstr}" comes over multifd, the destination expects it on the main channel`,
      qemu: `${name}: got device state packet but not doing multifd transfer`,
      hint: AGREE,
      expected: overMultifd,
      lost: "the destination may run without the device's state",
    });
  } else if (overMultifd?.value === true && config !== undefined) {
    yield error({
      code: "mode-mismatch",
      channel: config.channel,
      offset: config.offset,
      message: `the state of "${device.idstr}" comes on the main channel, the destination expects it over multifd`,
      qemu: `${name}: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer`,
      hint: AGREE,
      expected: overMultifd,
      lost: "the destination cannot have loaded the device's config",
    });
  }
}

/** Rows 30, 33 to 35: when the config is loaded. */
function* gates(facts: Facts, device: DeviceFacts, expectation: DeviceExpectation): Generator<ProblemDraft> {
  const { overMultifd, configAfterIter } = expectation;
  const { qemu } = facts.expectations;
  const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
  const name = nameOf(device, expectation);
  const [ready] = device.loadReady;
  const hint = "set x-migration-load-config-after-iter to the same on both sides";
  const lost = "the destination cannot have read this";
  if (ready !== undefined) {
    const place = { channel: ready.channel, offset: ready.offset, hint, lost };
    if (version !== undefined && !isAtLeast(version, 10, 1)) {
      yield error({
        ...place,
        code: "unknown-tag",
        message:
          `the tag CONFIG_LOAD_READY of "${device.idstr}" is known from QEMU 10.1 on, the destination has ${qemu?.value}`,
        qemu: `${name}: Unknown tag 0xffffffffef100006`,
        expected: qemu,
      });
    } else if (overMultifd?.value === false) {
      yield error({
        ...place,
        code: "ready-main-mode",
        message: `"${device.idstr}" has CONFIG_LOAD_READY, the destination expects its state on the main channel`,
        qemu: `${name}: got DEV_CONFIG_LOAD_READY outside multifd transfer`,
        expected: overMultifd,
      });
    } else if (configAfterIter?.value === false) {
      yield error({
        ...place,
        code: "ready-disabled",
        message: `"${device.idstr}" has CONFIG_LOAD_READY, the destination has load-config-after-iter off`,
        qemu: `${name}: got DEV_CONFIG_LOAD_READY but was disabled`,
        expected: configAfterIter,
      });
    }
  } else if (configAfterIter?.value === true && device.placeholder !== undefined && overMultifd?.value !== false) {
    yield error({
      code: "gate",
      channel: device.placeholder.channel,
      offset: device.placeholder.offset,
      message:
        `the destination waits for CONFIG_LOAD_READY before it loads the config of "${device.idstr}", here is none`,
      qemu: "waits for ever",
      hint,
      expected: configAfterIter,
      lost: "the device's config cannot have been loaded",
    });
  }
}
