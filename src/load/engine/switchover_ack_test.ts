import { assertEquals } from "@std/assert";
import { settingsOf } from "../../../testing/destination_bench.ts";
import type { DeviceSettings } from "./settings.ts";
import { SwitchoverAck } from "./switchover_ack.ts";

/** How often the destination agreed. */
function acks(
  options: { switchoverAck: boolean; needsAck: boolean; qemu?: string },
  use: (ack: SwitchoverAck, count: () => number) => void,
): number {
  let count = 0;
  const ack = new SwitchoverAck(settingsOf(options), ({ message }) => count += message === "SWITCHOVER_ACK" ? 1 : 0);
  use(ack, () => count);
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

Deno.test("SwitchoverAck sends nothing before the last device has agreed, and fails without a return path", () => {
  const device = { name: "vf0", precopy: true } as DeviceSettings;
  const sent: number[] = [];
  const texts: (string | undefined)[] = [];
  acks({ switchoverAck: true, needsAck: true }, (ack, count) => {
    ack.deviceSetUp(device);
    ack.deviceSetUp(device);
    for (let i = 0; i < 2; i++) {
      ack.initDataSent(device, true);
      sent.push(count());
    }
  });
  assertEquals(sent, [0, 1]);
  for (const qemu of ["10.2", "11.1"]) {
    acks({ switchoverAck: true, needsAck: true, qemu }, (ack) => {
      ack.deviceSetUp(device);
      texts.push(ack.initDataSent(device, false)?.qemu);
    });
  }
  const text = "vf0: qemu_loadvm_approve_switchover failed, err=-5 (Input/output error)";
  assertEquals(texts, [text, text]);
});
