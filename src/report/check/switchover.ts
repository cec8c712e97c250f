/** Commands and tags around the switchover that not every destination takes. @module */

import { isAtLeast, machineVersion, parseQemuVersion } from "../../capture/values.ts";
import type { Facts } from "./facts.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** SWITCHOVER_START is known from QEMU 10.0 on (destination-engine.md B.7, row 29). */
export function* switchoverCommandRule({ main, expectations }: Facts): Generator<ProblemDraft> {
  const [start] = main.switchoverStarts;
  const { qemu } = expectations;
  const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
  if (start === undefined || version === undefined || isAtLeast(version, 10, 0)) return;
  yield error({
    code: "unknown-command",
    channel: start.channel,
    offset: start.offset,
    message: `the command SWITCHOVER_START is known from QEMU 10.0 on, the destination has ${qemu?.value}`,
    qemu: "MIG_CMD 0xb unknown (len 0x0)",
    hint: "give the source a machine type of the destination's version, or send-switchover-start=off",
    expected: qemu,
    lost: "the destination cannot have read this",
  });
}

/** INIT_DATA_SENT needs switchover-ack at the destination, and a return path (vfio.md §9; rows 69 to 71). */
export function* switchoverAckRule(facts: Facts): Generator<ProblemDraft> {
  const { main, devices, expectations } = facts;
  const sent = devices.flatMap((device) => device.initDataSent.map((place) => ({ device, place })));
  const [first] = sent;
  if (first === undefined) return;
  const at = { channel: first.place.channel, offset: first.place.offset };
  const { switchoverAck } = expectations;
  if (switchoverAck?.value === false) {
    yield error({
      ...at,
      code: "switchover-ack",
      message: `"${first.device.idstr}" has INIT_DATA_SENT, the destination has the capability switchover-ack off`,
      qemu: "NAME: Received INIT_DATA_SENT but switchover ack is not used",
      hint: "set switchover-ack on both sides",
      expected: switchoverAck,
      lost: "the destination cannot have read this",
    });
  }
  if (main.returnPath === undefined) {
    yield error({
      ...at,
      code: "no-return-path",
      message: `"${first.device.idstr}" has INIT_DATA_SENT, but no OPEN_RETURN_PATH came before`,
      qemu: "NAME: qemu_loadvm_approve_switchover failed, err=-5 (Input/output error)",
    });
  }
  if (mayRepeat(facts)) return;
  for (const { idstr, initDataSent: [, second] } of devices) {
    if (second === undefined) continue;
    yield error({
      code: "switchover-ack",
      channel: second.channel,
      offset: second.offset,
      message: `"${idstr}" has INIT_DATA_SENT more than once`,
      qemu: "NAME: qemu_loadvm_approve_switchover failed, err=-22 (Invalid argument)",
    });
  }
}

/** From QEMU 11.1 on, with a machine type of that version, the tag may come again (vfio.md §9.5). */
function mayRepeat({ expectations: { qemu, machine } }: Facts): boolean {
  const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
  const bound = machine === undefined ? undefined : machineVersion(machine.value);
  return version !== undefined && isAtLeast(version, 11, 1) && (bound === undefined || isAtLeast(bound, 11, 1));
}
