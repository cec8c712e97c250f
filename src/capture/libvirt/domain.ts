/** What a libvirt domain is called and what machine it is; each absent where the XML does not plainly say. */
export interface LibvirtDomain {
  /** Its name. */
  readonly name?: string;
  /** Machine type, as libvirt wrote it. */
  readonly machine?: string;
  /** Architecture of the guest. */
  readonly arch?: string;
}

/** Name and machine stand near the start; the rest of a long description is not looked at. */
const SCAN_LIMIT = 256 * 1024;

/** The entities that every XML has. Others are not expanded: a description can come from anybody. */
const ENTITIES: { readonly [name: string]: string } = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Looks for name and machine in the XML of a domain. It is no XML parser, and nothing in the text makes it do more than
 * pass over it once.
 *
 * @param xml The description, as libvirt writes it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scanDomain } from "./domain.ts";
 *
 * const xml = "<domain type='kvm'><name>a &amp; b</name><os><type arch='x86_64' machine='pc-q35-9.2'>hvm</type></os>";
 * assertEquals(scanDomain(xml), { name: "a & b", machine: "pc-q35-9.2", arch: "x86_64" });
 * ```
 */
export function scanDomain(xml: string): LibvirtDomain {
  const text = xml.slice(0, SCAN_LIMIT);
  // No pattern crosses a "<", so that each is over the text once; a tag is so short that looking into it costs nothing.
  const name = /<name>([^<]*)<\/name>/.exec(text)?.[1];
  const type = /<type\s([^<>]{0,1000})>/.exec(text)?.[1] ?? "";
  const machine = attribute(type, "machine");
  const arch = attribute(type, "arch");
  return {
    ...(name === undefined ? {} : { name: unescape(name) }),
    ...(machine === undefined ? {} : { machine }),
    ...(arch === undefined ? {} : { arch }),
  };
}

function attribute(tag: string, name: string): string | undefined {
  for (const [, found, , value] of tag.matchAll(/([\w:-]+)\s*=\s*(['"])([^'"]*)\2/g)) {
    if (found === name && value !== undefined) return unescape(value);
  }
  return undefined;
}

function unescape(text: string): string {
  return text.replace(
    /&(\w+);/g,
    (whole, name: string) => Object.hasOwn(ENTITIES, name) ? ENTITIES[name] ?? "" : whole,
  );
}
