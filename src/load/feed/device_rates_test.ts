import { assertEquals } from "@std/assert";
import { MemorySource } from "../../capture/mod.ts";
import type { DeviceTask } from "../device_work.ts";
import { type DeviceHost, LoadingDevice } from "../engine/loading_device.ts";
import { DeviceRates } from "./device_rates.ts";

const DATA = { source: new MemorySource(new Uint8Array(0)), offset: 0, config: undefined };
const HOST: DeviceHost = { fail: () => {}, threadFailed: () => {}, warn: () => {}, isLocked: () => false };

function device(idstr: string): LoadingDevice<null> {
  const settings = {
    name: idstr,
    multifdTransfer: false,
    gate: false,
    limits: { bytes: Infinity, buffers: Infinity },
    precopy: true,
    p2p: true,
  };
  return new LoadingDevice<null>({ idstr, instanceId: 0 }, settings, { write: () => {}, loadConfig: () => {} }, HOST);
}

function write(from: number, length: number): DeviceTask {
  return { kind: "write", data: DATA, from, length };
}

Deno.test("DeviceRates lets a write take the time that its bytes need, a config none", () => {
  const rates = new DeviceRates<null>(1000);
  const one = device("a");
  assertEquals(rates.delay(one, { kind: "config", data: DATA, length: 5000 }, 7), false);
  assertEquals(rates.delay(one, write(500, 1500), 7), true);
  assertEquals(rates.earliest()?.time, 1e9 + 7);
  rates.finish(one);
  assertEquals(rates.earliest(), undefined);
});

Deno.test("DeviceRates lets devices work at the same time, and the first be done first", () => {
  const rates = new DeviceRates<null>(1000);
  const [one, two] = [device("a"), device("b")];
  rates.delay(one, write(0, 300), 0);
  rates.delay(two, write(0, 100), 0);
  assertEquals([rates.earliest()?.device, rates.earliest()?.time], [two, 1e8]);
  rates.finish(two);
  assertEquals(rates.earliest()?.device, one);
});

Deno.test("DeviceRates without a rate takes no time", () => {
  assertEquals(new DeviceRates<null>(undefined).delay(device("a"), write(0, 100), 0), false);
});

Deno.test("DeviceRates lets the device that began first be done first where both are done at once", () => {
  const rates = new DeviceRates<null>(1000);
  const [one, two] = [device("a"), device("b")];
  rates.delay(one, write(0, 100), 0);
  rates.delay(two, write(0, 100), 0);
  assertEquals(rates.earliest()?.device, one);
  rates.delay(device("c"), write(0, 300), 0);
  assertEquals(rates.earliest()?.device, one);
});
