import type { MultifdDeviceStateRecord } from "../../stream/mod.ts";
import {
  type Finding,
  parseConfigPacket,
  upToNul,
  type VfioConfigPacket,
  vfioConfigPacket,
  WireError,
} from "../../wire/mod.ts";
import { error, type ProblemDraft } from "./problem.ts";

/**
 * Reads the config in a device-state packet as the destination will, and writes it again (vfio.md §4.3).
 *
 * @param record A packet with the flag CONFIG_STATE.
 * @param channel Label of its channel.
 */
export function checkConfigPacket(record: MultifdDeviceStateRecord, channel: string): ProblemDraft[] {
  const { configData: data, payload, idstr } = record;
  const base = payload?.offset ?? record.offset;
  const of = `config of "${upToNul(idstr)}"`;
  if (data === undefined) {
    return [error({
      code: "config-length",
      channel,
      offset: base,
      message: `the ${of} has ${payload?.length ?? 0} bytes: it is too long to be read`,
    })];
  }
  const problems: ProblemDraft[] = [];
  const report = (finding: Finding): void => {
    problems.push({ ...finding, message: `${of}: ${finding.message}` });
  };
  let packet: VfioConfigPacket;
  try {
    packet = parseConfigPacket(data, { base, channel, report });
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    report(cause.finding);
    return problems;
  }
  const written = vfioConfigPacket.encode(packet);
  const differs = written.length === data.length ? written.findIndex((byte, i) => byte !== data[i]) : 0;
  if (differs >= 0) {
    problems.push(error({
      code: "rewrite-differs",
      channel,
      offset: base + differs,
      message: `the ${of}, written again, is not the same`,
      hint: "this is a bug in migwire: please report it",
    }));
  }
  return problems;
}
