/**
 * Names that changed between versions of QEMU while the bytes stayed: fields by the name of their layout, types of
 * devices. Names of one list stand for each other.
 *
 * @module
 */

/** A list of pairs, old and new. */
type Pairs = readonly (readonly string[])[];

const PARENT: Pairs = [["dev", "parent_obj"]];

/** A PCI Express port: what it is made of, and its log of errors. */
const port = (...steps: readonly [owner: string, parent: string]): Pairs => [
  [steps[0], steps[1]],
  [`${steps[0]}.exp.aer_log`, `${steps[1]}.exp.aer_log`],
];

const PCI_EXPRESS: Pairs = [["PCIDevice", "PCIEDevice"]];

const POINTER_QUEUE: Pairs = [["usb-ptr-queue", "HIDPointerEventQueue"]];

/** Names of fields and layouts, by the layout or type they are in. */
const FIELDS: { readonly [vmsd: string]: Pairs } = {
  "apic": [["timer", "timer_expiry"]],
  "e1000": PARENT,
  "ehci": [["dev", "pcidev"]],
  "I440FX": PARENT,
  "ich9_ahci": [["card", "parent_obj"]],
  "ich9-ahci": [["ahci", "ich9_ahci"]],
  "ioh3420": PCI_EXPRESS,
  "ioh-3240-express-root-port": port("port.br.dev", "parent_obj.parent_obj.parent_obj"),
  "cirrus_vga": [["hw_cursor_x", "vga.hw_cursor_x"], ["hw_cursor_y", "vga.hw_cursor_y"]],
  "lsiscsi": PARENT,
  "mch": [["d", "parent_obj"]],
  "pci_bridge": [["bridge.dev", "parent_obj"], ["bridge.dev.shpc", "shpc"]],
  "pcnet": [["pci_dev", "parent_obj"]],
  "PIIX3": [["pci_irq_levels", "pci_irq_levels_vmstate"]],
  "piix4_pm": [
    ["dev", "parent_obj"],
    ["pci0_status", "acpi_pci_hotplug.acpi_pcihp_pci_status[0x0]"],
    ["pm1a.sts", "ar.pm1.evt.sts"],
    ["pm1a.en", "ar.pm1.evt.en"],
    ["pm1_cnt.cnt", "ar.pm1.cnt.cnt"],
    ["tmr.timer", "ar.tmr.timer"],
    ["tmr.overflow_time", "ar.tmr.overflow_time"],
    ["gpe", "ar.gpe"],
  ],
  "rtl8139": PARENT,
  "qxl": [["num_surfaces", "ssd.num_surfaces"]],
  "usb-ccid": [["abProtocolDataStructure", "abProtocolDataStructure.data"]],
  "usb-host": PARENT,
  "usb-mouse": POINTER_QUEUE,
  "usb-tablet": POINTER_QUEUE,
  "vmware_vga": [["card", "parent_obj"]],
  "vmware_vga_internal": [["depth", "new_depth"]],
  "xhci": [["pci_dev", "parent_obj"]],
  "x3130-upstream": PCI_EXPRESS,
  "xio3130-express-downstream-port": port("port.br.dev", "parent_obj.parent_obj.parent_obj"),
  "xio3130-downstream": PCI_EXPRESS,
  "xio3130-express-upstream-port": port("br.dev", "parent_obj.parent_obj"),
};

const TYPES: Pairs = [["ICH9 LPC", "ICH9-LPC"], ["e1000-82540em", "e1000"]];

/** Whether two names, in a layout or type called `inside`, are those of one thing. */
export function isSameName(inside: string, one: string, other: string): boolean {
  if (one === other) return true;
  if (!Object.hasOwn(FIELDS, inside)) return false;
  return FIELDS[inside]?.some((names) => names.includes(one) && names.includes(other)) ?? false;
}

/** What a type of device was, or is, called; undefined if it had one name only. */
export function otherTypeName(name: string): string | undefined {
  return TYPES.find((names) => names.includes(name))?.find((other) => other !== name);
}
