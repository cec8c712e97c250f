import { assertEquals } from "@std/assert";
import { settingsOf } from "../../../testing/destination_bench.ts";
import type { DeviceSettings } from "./settings.ts";
import { SwitchoverAck } from "./switchover_ack.ts";

/** How often the destination agreed. */
function acks(options: { switchoverAck: boolean; needsAck: boolean }, use: (ack: SwitchoverAck) => void): number {
  let count = 0;
  use(new SwitchoverAck(settingsOf(options), ({ message }) => count += message === "SWITCHOVER_ACK" ? 1 : 0));
  return count;
}

Deno.test("SwitchoverAck agrees at once without a device that has to, and once only", () => {
  const opened = (ack: SwitchoverAck): void => ack.returnPathOpened();
  assertEquals(acks({ switchoverAck: true, needsAck: false }, opened), 1);
  assertEquals(acks({ switchoverAck: true, needsAck: true }, opened), 0);
  assertEquals(acks({ switchoverAck: false, needsAck: false }, opened), 0);
  // QEMU says that the path is open already, and goes on.
  const twice = (ack: SwitchoverAck): void => [1, 2].forEach(() => ack.returnPathOpened());
  assertEquals(acks({ switchoverAck: true, needsAck: false }, twice), 1);
});

Deno.test("SwitchoverAck waits for each device that has to agree", () => {
  const device = { name: "vf0", precopy: true } as DeviceSettings;
  const codes: (string | undefined)[] = [];
  const count = acks({ switchoverAck: true, needsAck: true }, (ack) => {
    ack.deviceSetUp(device);
    ack.deviceSetUp(device);
    ack.deviceSetUp({ ...device, precopy: false });
    for (let i = 0; i < 3; i++) codes.push(ack.initDataSent(device, true)?.qemu);
  });
  assertEquals(count, 1);
  assertEquals(codes, [
    undefined,
    undefined,
    "vf0: qemu_loadvm_approve_switchover failed, err=-22 (Invalid argument)",
  ]);
});
