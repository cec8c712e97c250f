/**
 * The result of `inspect`: values only, the same in the program and in `--json`. Lengths are bytes, times nanoseconds
 * since the recording began.
 *
 * @module
 */

import type { CaptureOutcome } from "../../capture/values.ts";
import type { CaptureDigests } from "../../load/mod.ts";
import type { MainEnding, PageSizeOrigin, PostcopyPhase } from "../../stream/mod.ts";
import type { Finding } from "../../wire/mod.ts";

/** Version of the shape; fields may be added within a version. */
export const INSPECT_FORMAT = "migwire-inspect/1";

/** What a capture holds. */
export interface InspectReport {
  /** {@linkcode INSPECT_FORMAT}. */
  readonly format: typeof INSPECT_FORMAT;
  /** Where it is from. */
  readonly capture: CaptureSummary;
  /** The migration is there from the first byte to the last: EOF was reached, and no channel is cut or unread. */
  readonly complete: boolean;
  /** What was noticed, in the order of reading. */
  readonly problems: readonly Finding[];
  /** Which QEMU wrote it, as far as that can be told. */
  readonly qemu: QemuSummary;
  /** What the main channel says; null without one. */
  readonly main: MainSummary | null;
  /** Every channel. */
  readonly channels: readonly ChannelSummary[];
  /** VFIO devices. */
  readonly devices: readonly DeviceSummary[];
  /** What the destination sent, connection by connection. */
  readonly returnPaths: readonly ReturnPathSummary[];
  /** The time the guest stood still, where it can be told. */
  readonly switchover: SwitchoverSummary | null;
  /** What RAM and devices hold, where it was asked for. */
  readonly digests?: DigestSummary;
}

/** Digests of RAM blocks and VFIO devices. */
export type DigestSummary = Pick<CaptureDigests, "blocks" | "devices">;

/** Where a capture is from, and what its recorder noted. */
export interface CaptureSummary {
  /** Its name. */
  readonly name: string;
  /** Directory, file or standard input. */
  readonly kind: string;
  /** What it shows, as its recorder says. */
  readonly about?: string;
  /** False: pages and device data were left out, zeros stand for them. */
  readonly payload?: boolean;
  /** How the migration ended, as its recorder says. */
  readonly outcome?: CaptureOutcome;
}

/** What is known of the QEMUs. */
export interface QemuSummary {
  /** The source's version, as the recorder says. */
  readonly source?: string;
  /** The destination's version, as the recorder says. */
  readonly destination?: string;
  /** What the stream itself tells of the version that wrote it. */
  readonly hints: readonly QemuHint[];
}

/** A thing in the stream that only some versions write. */
export interface QemuHint {
  /** What was seen. */
  readonly seen: string;
  /** First version that writes it. */
  readonly since?: string;
  /** Last version that writes it. */
  readonly until?: string;
}

/** What the main channel says. */
export interface MainSummary {
  /** Machine type; null if the stream does not say it. */
  readonly machine: string | null;
  /** Capabilities that the configuration names, and those that what came shows to be on. */
  readonly capabilities: readonly string[];
  /** Target page size, bytes; null if nothing told it. */
  readonly pageSize: number | null;
  /** log2 of the page size, where the configuration says it: only ARM targets do. */
  readonly targetPageBits: number | null;
  /** What told the page size. */
  readonly pageSizeFrom: PageSizeOrigin | null;
  /** UUID of the machine, where the configuration or a multifd channel says it. */
  readonly uuid: string | null;
  /** How the channel ends. */
  readonly ending: MainEnding;
  /** Whether sections have footers; null if none ended. */
  readonly footers: boolean | null;
  /** Whether a return path was opened. */
  readonly returnPath: boolean;
  /** How far postcopy got. */
  readonly postcopy: PostcopyPhase;
  /** RAM blocks, in stream order. */
  readonly ramBlocks: readonly RamBlockSummary[];
  /** Sections, in the order in which they began. */
  readonly sections: readonly SectionSummary[];
  /** Commands, in stream order, equal ones next to each other counted. */
  readonly commands: readonly { readonly name: string; readonly count: number; readonly offset: number }[];
  /** Points at which the main channel waits for all multifd channels (destination-engine.md C.4). */
  readonly multifdFlushes: number;
}

/** A RAM block and what came for it, on all channels. */
export interface RamBlockSummary {
  /** Name. */
  readonly name: string;
  /** Bytes in use. */
  readonly usedLength: number;
  /** Host page size in bytes, where the stream says it. */
  readonly hostPageSize?: number;
  /** Guest physical address, where the stream says it. */
  readonly address?: number;
  /** Pages that came, by how they came; a page that came twice counts twice. */
  readonly pages: PageCounts;
}

/** Pages by how they travel. */
export interface PageCounts {
  /** Whole, on the main channel. */
  normal: number;
  /** Zero, on the main channel. */
  zero: number;
  /** As differences. */
  xbzrle: number;
  /** Compressed, on the main channel. */
  compressed: number;
  /** With contents, on multifd channels. */
  multifdNormal: number;
  /** Zero, on multifd channels. */
  multifdZero: number;
  /** Whole or zero, on the postcopy-preempt channel. */
  preempt: number;
  /** In a mapped-ram file, by its bitmap. */
  mapped: number;
}

/** A section of the main channel. */
export interface SectionSummary {
  /** Number in this stream. */
  readonly sectionId: number;
  /** Name. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Version. */
  readonly versionId: number;
  /** Times each kind of section came. */
  readonly counts: { readonly start: number; readonly part: number; readonly end: number; readonly full: number };
  /** Bytes, headers and footers included. */
  readonly bytes: number;
  /** How the end of the body was found, for devices. */
  readonly extent?: string;
}

/** A channel. */
export interface ChannelSummary {
  /** What findings call it. */
  readonly label: string;
  /** What it is. */
  readonly role: string;
  /** Why it is taken for that. */
  readonly reason: string;
  /** Number of its connection. */
  readonly connection: number;
  /** Who sent it: `s2d` the source, `d2s` the destination. */
  readonly direction: string;
  /** multifd: its id. */
  readonly id?: number;
  /** Length. */
  readonly bytes: number;
  /** Records by kind; a run of pages counts its pages. */
  readonly records: { readonly [kind: string]: number };
  /** SYNC flags seen. */
  readonly syncs: number;
  /** multifd: compression of its packets. */
  readonly compression?: readonly string[];
  /** How it ends. */
  readonly ends: "whole" | "cut" | "not understood" | "encrypted";
  /** Where and in what it is cut. */
  readonly cut?: CutSummary;
  /** Bytes that nothing describes. */
  readonly opaqueBytes: number;
  /** Where those bytes begin, and why they were not understood. */
  readonly opaque?: { readonly offset: number; readonly reason: string };
}

/** Where a channel is cut, and in what. */
export interface CutSummary {
  /** Offset of the end: so many bytes came. */
  readonly offset: number;
  /** What should have come, or gone on, there. */
  readonly expected: string;
  /** Bytes that came of it. */
  readonly came: number;
  /** Bytes of it that did not come; more may have had to follow. */
  readonly missing: number;
  /** Last record that is whole; null if there is none. */
  readonly after: {
    readonly kind: string;
    readonly offset: number;
    readonly length: number;
    /** A run of pages: how many. */
    readonly count?: number;
  } | null;
  /** Section in which the main channel is cut. */
  readonly section?: {
    readonly sectionId: number;
    readonly idstr: string;
    readonly instanceId: number;
    /** Kind of the section's record, such as `section-part`. */
    readonly kind: string;
  };
  /** Device whose multifd packet is cut, and the index of the buffer. */
  readonly device?: { readonly idstr: string; readonly instanceId: number; readonly buffer?: number };
}

/** How a VFIO device's state travels. */
export type DeviceMode =
  /** All of it on the main channel. */
  | "main"
  /** What is read while the guest stands still, on multifd channels. */
  | "multifd"
  /** Both were seen: source and destination cannot agree on that. */
  | "mixed"
  /** The stream ends before it could be told. */
  | "unknown";

/** A VFIO device. */
export interface DeviceSummary {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** How its state travels. */
  readonly mode: DeviceMode;
  /** Bytes sent while the guest ran. */
  readonly precopyBytes: number;
  /** Pieces in which they were sent. */
  readonly precopyRecords: number;
  /** Bytes sent while the guest stood still, without the config. */
  readonly stopCopyBytes: number;
  /** Pieces in which they were sent: multifd packets, or DATA records. */
  readonly buffers: number;
  /** Length of the config blob; 0 if it did not come. */
  readonly configBytes: number;
  /** INIT_DATA_SENT was seen. */
  readonly initDataSent: boolean;
  /** CONFIG_LOAD_READY was seen. */
  readonly configLoadReady: boolean;
  /** multifd mode: how the buffers came. */
  readonly multifd?: DeviceBuffers;
  /** The device, as its config space tells; null without one. */
  readonly pci: PciSummary | null;
}

/** How the buffers of a device came over the multifd channels. */
export interface DeviceBuffers {
  /** Bytes and buffers by channel, the config among them. */
  readonly channels: readonly { readonly id: number; readonly buffers: number; readonly bytes: number }[];
  /** Index of the config packet, which is the last; null if it did not come. */
  readonly configIndex: number | null;
  /** Smallest index that did not come although a higher one did; null if there is none. */
  readonly missingIndex: number | null;
  /** Smallest and largest length of a buffer. */
  readonly bufferBytes: { readonly smallest: number; readonly largest: number } | null;
  /** How far ahead of the next one to load a buffer came at most; 0 if all came in order. */
  readonly outOfOrderDistance: number;
  /** Buffers that came before one with a lower index. */
  readonly outOfOrderBuffers: number;
  /**
   * Order that was looked at: `recorded` by the recorder's times, `channels` the most favourable order that the channels
   * allow, as nothing tells the real one, `none` where there were too many buffers for it.
   */
  readonly order: "recorded" | "channels" | "none";
}

/** A PCI device in short. */
export interface PciSummary {
  /** `vendor:device`, four hexadecimal digits each. */
  readonly id: string;
  /** `vendor:device` of the board. */
  readonly subsystem: string;
  /** Revision. */
  readonly revision: number;
  /** Class, subclass and programming interface, six hexadecimal digits. */
  readonly class: string;
  /** As `lspci` says it. */
  readonly description: readonly string[];
  /** MSI-X vectors; 0 without MSI-X. */
  readonly msixVectors: number;
  /** Bytes of config space. */
  readonly configSpaceBytes: number;
  /** The display subsection is there. */
  readonly display: boolean;
}

/** What came back from the destination on one connection. */
export interface ReturnPathSummary {
  /** What findings call it. */
  readonly label: string;
  /** Messages by kind. */
  readonly messages: { readonly [kind: string]: number };
  /** Values of the PONGs. */
  readonly pongs: readonly number[];
  /** Value of SHUT: 0 the destination is content; null if it did not come. */
  readonly shut: number | null;
}

/** From SWITCHOVER_START to the last byte of a device. */
export interface SwitchoverSummary {
  /** Offset of the SWITCHOVER_START command on the main channel. */
  readonly offset: number;
  /** Bytes that carry state of VFIO devices after it, on all channels, headers included. */
  readonly deviceStateBytes: number;
  /** When SWITCHOVER_START had arrived, nanoseconds since the recording began; null without recorded times. */
  readonly startTime: number | null;
  /** When the last of those bytes had arrived; null without times or such bytes. */
  readonly lastDevicePacketTime: number | null;
  /** When the EOF byte had arrived; null without times or EOF. */
  readonly eofTime: number | null;
  /**
   * Span from the start to the last device packet; null if either is not known. Negative where the source's buffer held
   * SWITCHOVER_START back until the packets on other channels were gone.
   */
  readonly nanoseconds: number | null;
}
