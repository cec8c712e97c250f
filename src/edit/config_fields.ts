import { readBytes } from "../capture/mod.ts";
import { pciRegisters } from "../report/diff/pci_registers.ts";
import type { MultifdDeviceStateRecord } from "../stream/mod.ts";
import { type VfioConfig, type VfioConfigPacket, vfioConfigPacket } from "../wire/mod.ts";
import { WireError } from "../wire/mod.ts";
import { Incomplete } from "../bytes/mod.ts";
import { EditError } from "./edit_error.ts";
import { bigNumber, shown } from "./fields.ts";
import type { Slip } from "./sheet.ts";

/** Before the names of registers of a device's PCI config space. */
export const PCI_PREFIX = "config.pci.";

/** The config that a packet carries; undefined if it carries none that can be read. */
export function packetConfig(slip: Slip): VfioConfigPacket | undefined {
  const { configData } = slip.original as MultifdDeviceStateRecord;
  if (configData === undefined) return undefined;
  const { payload } = slip.original as MultifdDeviceStateRecord;
  const bytes = slip.data ?? readBytes(slip.track.source, payload?.offset ?? 0, payload?.length ?? 0);
  try {
    return vfioConfigPacket.decode(bytes);
  } catch (error) {
    if (error instanceof WireError || error instanceof Incomplete) return undefined;
    throw error;
  }
}

/** The registers of a config space, by their names as `diff` shows them. */
export function registerValues({ configSpace }: VfioConfig): Map<string, number | bigint> {
  const registers = pciRegisters(configSpace).filter(({ length }) => length > 0);
  return new Map(registers.map(({ path, value }) => [`${PCI_PREFIX}${path.join(".")}`, value]));
}

/**
 * A config with another value in a register of its config space; undefined if it has no such register.
 *
 * @throws {EditError} `value`
 */
export function withRegister(
  config: VfioConfig,
  name: string,
  text: string,
): { config: VfioConfig; before: number | bigint; after: number | bigint } | undefined {
  const register = pciRegisters(config.configSpace).find(({ path, length }) => length > 0 && path.join(".") === name);
  if (register === undefined) return undefined;
  const { offset, length, value: before } = register;
  const number = bigNumber(text);
  if (number === undefined || number < 0n || number >= 2n ** BigInt(8 * length)) {
    const reason = number === undefined ? "it is a number" : `it has ${8 * length} bits`;
    throw new EditError("value", `Cannot set ${PCI_PREFIX}${name} to ${shown(text)}: ${reason}`);
  }
  const configSpace = config.configSpace.slice();
  for (let i = 0; i < length; i++) configSpace[offset + i] = Number((number >> BigInt(8 * i)) & 0xffn);
  return { config: { ...config, configSpace }, before, after: typeof before === "bigint" ? number : Number(number) };
}
