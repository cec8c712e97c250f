/**
 * Link layers: where in a frame the IP packet begins (https://www.tcpdump.org/linktypes.html).
 *
 * @module
 */

import type { Frame } from "./frame.ts";

/** Link types of packet captures that are understood. */
export const LINK_TYPE = {
  NULL: 0,
  ETHERNET: 1,
  /** Raw IP, as the headers of two operating systems number it; some writers store these. */
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

const ETHER_TYPE = { IPV4: 0x0800, IPV6: 0x86dd } as const;

/** 802.1Q, 802.1ad, and what came before it. */
const VLAN_TAGS: readonly number[] = [0x8100, 0x88a8, 0x9100];

/** More tags than anybody uses. */
const VLAN_LIMIT = 8;

/** Where the index of an IP packet would be: a frame of a link type that is not understood, or one without IP. */
export const NO_LINK = -2;
/** As {@linkcode NO_LINK}: the frame holds something else than IP, or too little. */
export const NO_IP = -1;

/** The index at which the IP packet of a frame begins; {@linkcode NO_IP} or {@linkcode NO_LINK}. */
export function findIp({ view, start, end, linkType }: Frame): number {
  switch (linkType) {
    case LINK_TYPE.ETHERNET:
      return afterEtherType(view, start + 12, start + 14, end);
    case LINK_TYPE.LINUX_SLL:
      return afterEtherType(view, start + 14, start + 16, end);
    case LINK_TYPE.LINUX_SLL2:
      return afterEtherType(view, start, start + 20, end);
    case LINK_TYPE.NULL:
    case LINK_TYPE.LOOP:
      // The address family's number depends on the system, its byte order on the machine: the IP version tells as much.
      return versioned(view, start + 4, end);
    case LINK_TYPE.RAW:
    case LINK_TYPE.RAW_BSD:
    case LINK_TYPE.RAW_OPENBSD:
    case LINK_TYPE.IPV4:
    case LINK_TYPE.IPV6:
      return versioned(view, start, end);
    default:
      return NO_LINK;
  }
}

/** Passes VLAN tags: each is two bytes, then the type of what follows. */
function afterEtherType(view: DataView, typeAt: number, dataAt: number, end: number): number {
  let type = typeAt;
  let data = dataAt;
  for (let tags = 0; tags <= VLAN_LIMIT && data <= end; tags++) {
    const etherType = view.getUint16(type);
    if (etherType === ETHER_TYPE.IPV4 || etherType === ETHER_TYPE.IPV6) return versioned(view, data, end);
    if (!VLAN_TAGS.includes(etherType)) return NO_IP;
    type = data + 2;
    data += 4;
  }
  return NO_IP;
}

function versioned(view: DataView, at: number, end: number): number {
  if (at >= end) return NO_IP;
  const version = view.getUint8(at) >> 4;
  return version === 4 || version === 6 ? at : NO_IP;
}
