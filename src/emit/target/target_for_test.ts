import { QmpClient } from "../../qmp/mod.ts";
import { type Answers, FakeMonitor, Refusal } from "../../qmp/monitor_for_test.ts";
import type { StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";

/** Objects of QOM by their paths, with their properties. */
export type Qom = { readonly [path: string]: { readonly [property: string]: unknown } };

/** A stream of nothing. */
export const NO_NEEDS: StreamNeeds = {
  blocks: [],
  multifdChannels: 0,
  compression: "none",
  capabilities: [],
  returnPath: false,
  switchoverStart: false,
  devices: [],
  whole: true,
};

/** A QEMU 11.1 that waits for `migrate-incoming`. */
export const FACTS: TargetFacts = {
  version: { major: 11, minor: 1, micro: 3 },
  qemu: "11.1.3",
  runState: "inmigrate",
  listening: [],
  hasBegun: false,
  machine: "pc-q35-11.1",
  arch: "x86_64",
  uuid: "00000000-0000-0000-0000-000000000000",
  capabilities: {
    "dirty-bitmaps": false,
    "events": false,
    "mapped-ram": false,
    "multifd": false,
    "postcopy-preempt": false,
    "postcopy-ram": false,
    "return-path": false,
    "switchover-ack": false,
    "validate-uuid": false,
    "x-ignore-shared": false,
    "xbzrle": false,
  },
  parameters: { "multifd-channels": 2, "multifd-compression": "none", "max-bandwidth": 134217728, "tls-creds": "" },
  devices: [],
  knowsExitOnError: true,
};

/** The table of `x-query-ramblock`, as 10.0 writes it. */
export const RAM_TABLE =
  "              Block Name    PSize              Offset               Used              Total                HVA  RO\n" +
  "                  pc.ram    4 KiB  0x0000000000000000 0x0000000000800000 0x0000000000800000 0x00007fa96e800000  rw\n" +
  "    /rom@etc/acpi/tables    4 KiB  0x0000000000880000 0x0000000000020000 0x0000000000200000 0x00007fa96da00000  ro\n";

/** Answers of a QEMU 10.0, with the objects of `qom`. */
export function qemuAnswers(qom: Qom = {}): Answers {
  return {
    "query-version": () => ({ qemu: { micro: 2, minor: 0, major: 10 }, package: "Debian 1:10.0.2+ds-2" }),
    "query-status": () => ({ status: "inmigrate", running: false }),
    "query-migrate": () => ({}),
    "query-target": () => ({ arch: "x86_64" }),
    "query-uuid": () => ({ UUID: "00000000-0000-0000-0000-000000000000" }),
    "x-query-ramblock": () => ({ "human-readable-text": RAM_TABLE }),
    "query-migrate-capabilities": () => [
      { capability: "multifd", state: false },
      { capability: "events", state: true },
    ],
    "query-migrate-parameters": () => ({ "multifd-channels": 2, "multifd-compression": "none" }),
    "qom-get": ({ path, property }) => {
      const object = qom[String(path)] ?? (path === "/machine" ? { type: "pc-i440fx-10.0-machine" } : undefined);
      if (object === undefined) throw new Refusal(`Device '${path}' not found`, "DeviceNotFound");
      const value = object[String(property)];
      if (value === undefined) throw new Refusal(`Property '${object.type}.${property}' not found`);
      return value;
    },
    "qom-list": ({ path }) => [
      { name: "type", type: "string" },
      ...Object.entries(qom).flatMap(([one, { type }]) => {
        const at = one.lastIndexOf("/");
        return one.slice(0, at) === path ? [{ name: one.slice(at + 1), type: `child<${type}>` }] : [];
      }),
    ],
  };
}

/** Runs `use` with a client of a monitor that has these answers. */
export async function withMonitor<T>(
  answers: Answers,
  use: (client: QmpClient, monitor: FakeMonitor) => Promise<T>,
): Promise<T> {
  const monitor = new FakeMonitor(answers);
  using client = await QmpClient.connect(monitor.connection);
  return await use(client, monitor);
}
