import { decodePciConfig, describePciConfig, type VfioConfig } from "../../wire/mod.ts";
import type { PciSummary } from "./model.ts";

const hex4 = (value: number): string => value.toString(16).padStart(4, "0");
const hex2 = (value: number): string => value.toString(16).padStart(2, "0");

/** The PCI device whose config came, in short. */
export function summarisePci(config: VfioConfig): PciSummary {
  const pci = decodePciConfig(config.configSpace);
  return {
    id: `${hex4(pci.vendorId)}:${hex4(pci.deviceId)}`,
    subsystem: `${hex4(pci.subsystemVendorId)}:${hex4(pci.subsystemId)}`,
    revision: pci.revision,
    class: `${hex2(pci.baseClass)}${hex2(pci.subclass)}${hex2(pci.progIf)}`,
    description: describePciConfig(pci),
    msixVectors: config.msixTable.length,
    configSpaceBytes: config.configSpace.length,
    display: config.display !== undefined,
  };
}
