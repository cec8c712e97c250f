import { type Monitor, qomGet, textOf } from "./ask.ts";

/** Bridges behind each other; a PCI address has not more than 256 buses. */
const MAX_DEPTH = 256;

/** Host bridges whose root bus is bus 0 of domain 0. Others have names of their own. */
const PLAIN_HOSTS: readonly string[] = ["i440FX-pcihost", "q35-pcihost", "gpex-pcihost"];

/** Where a bus comes from. */
interface BusOwner {
  /** The bridge that it is behind; undefined for a root bus of the machine. */
  readonly bridge?: string;
  /** What the address begins with, if it is a root bus. */
  readonly root?: string;
}

/**
 * The path of a PCI device as QEMU writes it in front of names of sections and blocks: root bus, then slot and function of
 * each bridge and of the device (vfio.md §2.1): `0000:00:05.0`, `0000:00:03.0:00.0`.
 *
 * @param monitor Asks QEMU.
 * @param path The device's place in QOM.
 * @returns Undefined if a host bridge is on the way whose name is not known.
 */
export async function pciPath(monitor: Monitor, path: string): Promise<string | undefined> {
  let steps = "";
  let root: string | undefined;
  let device: string | undefined = path;
  for (let depth = 0; device !== undefined && depth < MAX_DEPTH; depth++) {
    const devfn = await qomGet(monitor, device, "addr");
    const bus = textOf(await qomGet(monitor, device, "parent_bus"));
    if (typeof devfn !== "number" || devfn < 0 || bus === undefined) return undefined;
    steps = `:${hex(devfn >> 3)}.${devfn & 7}${steps}`;
    const owner = await ownerOf(monitor, bus);
    if (owner === undefined) return undefined;
    // A bus of an expander counts as a root, and stands behind a device nevertheless.
    root ??= owner.root;
    device = owner.bridge;
  }
  return root === undefined || device !== undefined ? undefined : root + steps;
}

async function ownerOf(monitor: Monitor, bus: string): Promise<BusOwner | undefined> {
  const at = bus.lastIndexOf("/");
  const [owner, name] = [bus.slice(0, at), bus.slice(at + 1)];
  const type = textOf(await qomGet(monitor, owner, "type"));
  if (type === undefined) return undefined;
  if (PLAIN_HOSTS.includes(type)) return { root: "0000:00" };
  if (/^pxb-.*host$/.test(type)) {
    // The bus is called as the expander is; one without an id cannot be found.
    const bridge = `/machine/peripheral/${name}`;
    const number = await qomGet(monitor, bridge, "bus_nr");
    return typeof number === "number" ? { root: `0000:${hex(number)}`, bridge } : undefined;
  }
  return type.endsWith("host") ? undefined : { bridge: owner };
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
