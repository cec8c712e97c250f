/**
 * Names of PCI numbers, as `lspci` prints them: all base classes with their common subclasses, and the vendors met in
 * VFIO work. Devices have numbers only; a database of them is not the business of this library.
 *
 * @module
 */

import { hex } from "./finding.ts";

/** A base class: its name, and its subclasses. */
type ClassNames = readonly [name: string, subclasses: { readonly [subclass: number]: string }];

const CLASSES: { readonly [base: number]: ClassNames } = {
  0x00: ["Unclassified device", { 0x00: "Non-VGA unclassified device", 0x01: "VGA compatible unclassified device" }],
  0x01: ["Mass storage controller", {
    0x00: "SCSI storage controller",
    0x01: "IDE interface",
    0x04: "RAID bus controller",
    0x05: "ATA controller",
    0x06: "SATA controller",
    0x07: "Serial Attached SCSI controller",
    0x08: "Non-Volatile memory controller",
    0x80: "Mass storage controller",
  }],
  0x02: ["Network controller", {
    0x00: "Ethernet controller",
    0x07: "Infiniband controller",
    0x08: "Fabric controller",
    0x80: "Network controller",
  }],
  0x03: ["Display controller", {
    0x00: "VGA compatible controller",
    0x01: "XGA compatible controller",
    0x02: "3D controller",
    0x80: "Display controller",
  }],
  0x04: ["Multimedia controller", {
    0x00: "Multimedia video controller",
    0x01: "Multimedia audio controller",
    0x03: "Audio device",
    0x80: "Multimedia controller",
  }],
  0x05: ["Memory controller", { 0x00: "RAM memory", 0x01: "FLASH memory", 0x02: "CXL", 0x80: "Memory controller" }],
  0x06: ["Bridge", {
    0x00: "Host bridge",
    0x01: "ISA bridge",
    0x04: "PCI bridge",
    0x09: "Semi-transparent PCI-to-PCI bridge",
    0x80: "Bridge",
  }],
  0x07: ["Communication controller", {
    0x00: "Serial controller",
    0x01: "Parallel controller",
    0x02: "Multiport serial controller",
    0x03: "Modem",
    0x80: "Communication controller",
  }],
  0x08: ["Generic system peripheral", {
    0x00: "PIC",
    0x01: "DMA controller",
    0x02: "Timer",
    0x03: "RTC",
    0x05: "SD Host controller",
    0x06: "IOMMU",
    0x80: "System peripheral",
  }],
  0x09: ["Input device controller", { 0x00: "Keyboard controller", 0x02: "Mouse controller" }],
  0x0a: ["Docking station", { 0x00: "Generic Docking Station" }],
  0x0b: ["Processor", { 0x40: "Co-processor" }],
  0x0c: ["Serial bus controller", {
    0x00: "FireWire (IEEE 1394)",
    0x03: "USB controller",
    0x04: "Fibre Channel",
    0x05: "SMBus",
    0x06: "InfiniBand",
    0x80: "Serial bus controller",
  }],
  0x0d: ["Wireless controller", { 0x10: "RF controller", 0x11: "Bluetooth", 0x80: "Wireless controller" }],
  0x0e: ["Intelligent controller", { 0x00: "I2O" }],
  0x0f: ["Satellite communications controller", {}],
  0x10: ["Encryption controller", {
    0x00: "Network and computing encryption device",
    0x80: "Encryption controller",
  }],
  0x11: ["Signal processing controller", { 0x80: "Signal processing controller" }],
  0x12: ["Processing accelerators", { 0x00: "Processing accelerators" }],
  0x13: ["Non-Essential Instrumentation", {}],
  0x40: ["Coprocessor", {}],
  0xff: ["Unassigned class", {}],
};

/** Programming interfaces, by class code. */
const INTERFACES: { readonly [classCode: number]: string } = {
  0x010601: "AHCI 1.0",
  0x010802: "NVM Express",
  0x030000: "VGA controller",
  0x060400: "Normal decode",
  0x070000: "8250",
  0x070001: "16450",
  0x070002: "16550",
  0x0c0310: "OHCI",
  0x0c0320: "EHCI",
  0x0c0330: "XHCI",
};

const VENDORS: { readonly [id: number]: string } = {
  0x1002: "Advanced Micro Devices, Inc. [AMD/ATI]",
  0x1022: "Advanced Micro Devices, Inc. [AMD]",
  0x1077: "QLogic Corp.",
  0x10de: "NVIDIA Corporation",
  0x10df: "Emulex Corporation",
  0x10ee: "Xilinx Corporation",
  0x1137: "Cisco Systems Inc",
  0x11ab: "Marvell Technology Group Ltd.",
  // Officially "Technical Corp."; in a guest it is always a device that QEMU made up.
  0x1234: "QEMU",
  0x1344: "Micron Technology Inc",
  0x1414: "Microsoft Corporation",
  0x1425: "Chelsio Communications Inc",
  0x144d: "Samsung Electronics Co Ltd",
  0x14e4: "Broadcom Inc. and subsidiaries",
  0x15ad: "VMware",
  0x15b3: "Mellanox Technologies",
  0x15b7: "Sandisk Corp",
  0x177d: "Cavium, Inc.",
  0x1924: "Solarflare Communications",
  0x19e5: "Huawei Technologies Co., Ltd.",
  0x1ae0: "Google, Inc.",
  0x1af4: "Red Hat, Inc.",
  0x1b36: "Red Hat, Inc.",
  0x1d0f: "Amazon.com, Inc.",
  0x1dd8: "AMD Pensando Systems",
  // The vendor of the serial card that the kernel's sample driver mtty plays.
  0x4348: "WCH.CN",
  0x8086: "Intel Corporation",
};

const CAPABILITIES: { readonly [id: number]: string } = {
  0x00: "Null",
  0x01: "Power Management",
  0x02: "AGP",
  0x03: "Vital Product Data",
  0x04: "Slot ID",
  0x05: "MSI",
  0x06: "CompactPCI hot-swap",
  0x07: "PCI-X",
  0x08: "HyperTransport",
  0x09: "Vendor Specific Information",
  0x0a: "Debug port",
  0x0b: "CompactPCI central resource control",
  0x0c: "Hot-plug capable",
  0x0d: "Subsystem",
  0x0e: "AGP3",
  0x0f: "Secure device",
  0x10: "Express",
  0x11: "MSI-X",
  0x12: "SATA HBA",
  0x13: "PCI Advanced Features",
  0x14: "Enhanced Allocation (EA)",
  0x15: "Flattening Portal Bridge",
};

const EXTENDED_CAPABILITIES: { readonly [id: number]: string } = {
  0x00: "Null",
  0x01: "Advanced Error Reporting",
  0x02: "Virtual Channel",
  0x03: "Device Serial Number",
  0x04: "Power Budgeting",
  0x05: "Root Complex Link",
  0x06: "Root Complex Internal Link",
  0x07: "Root Complex Event Collector Endpoint Association",
  0x08: "Multi-Function Virtual Channel",
  0x09: "Virtual Channel",
  0x0a: "Root Bridge Control Block",
  0x0b: "Vendor Specific Information",
  0x0c: "Configuration Access Correlation",
  0x0d: "Access Control Services",
  0x0e: "Alternative Routing-ID Interpretation (ARI)",
  0x0f: "Address Translation Service (ATS)",
  0x10: "Single Root I/O Virtualization (SR-IOV)",
  0x11: "Multi-Root I/O Virtualization",
  0x12: "Multicast",
  0x13: "Page Request Interface (PRI)",
  0x14: "Reserved for AMD",
  0x15: "Physical Resizable BAR",
  0x16: "Dynamic Power Allocation",
  0x17: "Transaction Processing Hints",
  0x18: "Latency Tolerance Reporting",
  0x19: "Secondary PCI Express",
  0x1a: "Protocol Multiplexing",
  0x1b: "Process Address Space ID (PASID)",
  0x1c: "LN Requester",
  0x1d: "Downstream Port Containment",
  0x1e: "L1 PM Substates",
  0x1f: "Precision Time Measurement",
  0x20: "PCI Express over M-PHY",
  0x21: "FRS Queueing",
  0x22: "Readiness Time Reporting",
  0x23: "Designated Vendor-Specific",
  0x24: "VF Resizable BAR",
  0x25: "Data Link Feature",
  0x26: "Physical Layer 16.0 GT/s",
  0x27: "Lane Margining at the Receiver",
  0x28: "Hierarchy ID",
  0x29: "Native PCIe Enclosure Management",
  0x2a: "Physical Layer 32.0 GT/s",
  0x2b: "Alternate Protocol",
  0x2c: "System Firmware Intermediary",
  0x2d: "Shadow Functions",
  0x2e: "Data Object Exchange",
  0x2f: "Device 3",
  0x30: "Integrity and Data Encryption",
  0x31: "Physical Layer 64.0 GT/s",
  0x32: "Flit Logging",
  0x33: "Flit Performance Measurement",
  0x34: "Flit Error Injection",
};

/** The name of a class and subclass; of the base class where the subclass has none. */
export function pciClassName(baseClass: number, subclass: number): string {
  const names = CLASSES[baseClass];
  if (names === undefined) return "Class";
  return names[1][subclass] ?? names[0];
}

/** The name of a programming interface, where it has one. */
export function pciInterfaceName(baseClass: number, subclass: number, progIf: number): string | undefined {
  return INTERFACES[baseClass << 16 | subclass << 8 | progIf];
}

/** The name of a vendor met in VFIO work. */
export function pciVendorName(vendorId: number): string | undefined {
  return VENDORS[vendorId];
}

/** The name of a capability. */
export function pciCapabilityName(id: number): string {
  return CAPABILITIES[id] ?? `Capability ID ${hex(id)}`;
}

/** The name of an extended capability. */
export function pciExtendedCapabilityName(id: number): string {
  return EXTENDED_CAPABILITIES[id] ?? `Extended Capability ID ${hex(id)}`;
}
