/**
 * What the rules judge: gathered while the channels are read, in memory that grows with the number of sections and
 * packets, not with their contents.
 *
 * @module
 */

import type { Capture, ReadChannel, Reading } from "../../capture/values.ts";
import type { RamBlockEntry } from "../../wire/mod.ts";
import type { Expectations } from "../../capture/values.ts";
import type { ProblemDraft } from "./problem.ts";

/** A place in a channel. */
export interface Place {
  /** Label of the channel. */
  readonly channel: string;
  /** Offset of the first byte. */
  readonly offset: number;
  /** Number of the connection. */
  readonly connection: number;
  /** Offset after the last byte. */
  readonly end: number;
}

/** A section of type FULL. */
export interface FullSection {
  /** Name. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Label of its channel. */
  readonly channel: string;
  /** Where its header begins. */
  readonly offset: number;
  /** First byte of the body. */
  readonly start: number;
  /** Byte after the body; undefined if the channel ends inside. */
  end?: number;
}

/** What a channel carries. */
export interface ChannelFacts {
  /** The channel. */
  readonly channel: ReadChannel;
  /** Length. */
  bytes: number;
  /** Bytes that nothing describes. */
  opaque: number;
  /** Bytes of a record that was cut. */
  cut: number;
  /** Input ended inside of a record, or where one had to begin. */
  truncated: boolean;
  /** Opaque records. */
  readonly unread: { readonly offset: number; readonly length: number; readonly reason: string }[];
  /** multifd: where its SYNC flags are. */
  readonly syncs: number[];
  /** multifd: pages with contents, and zero pages. */
  readonly pages: { normal: number; zero: number };
}

/** What the main channel says. */
export interface MainFacts {
  /** Machine type, and where it stands. */
  machine?: { readonly name: string } & Place;
  /** UUID of the configuration, and where it stands. */
  uuid?: { readonly bytes: Uint8Array } & Place;
  /** Capabilities that the configuration lists. */
  readonly capabilities: Set<string>;
  /** RAM blocks by name, and where the list stands. */
  readonly blocks: Map<string, RamBlockEntry & Place>;
  /** Names and instances that a header announced; those whose section names are VFIO devices' too. */
  readonly announced: Map<string, Place>;
  /** FULL sections, in their order. */
  readonly full: FullSection[];
  /** SWITCHOVER_START commands. */
  readonly switchoverStarts: Place[];
  /** First OPEN_RETURN_PATH command. */
  returnPath?: Place;
  /** POSTCOPY_ADVISE command. */
  advise?: { readonly forRam: boolean } & Place;
  /** MULTIFD_FLUSH records. */
  flushes: number;
  /** Ends of RAM sections, before postcopy. */
  ramEnds: number;
  /** EOF byte. */
  eof?: Place;
}

/** A device-state packet. */
export interface DevicePacket extends Place {
  /** Number of the buffer. */
  readonly idx: number;
  /** Bytes after VFIO's header. */
  readonly bytes: number;
  /** It has the flag CONFIG_STATE. */
  readonly isConfig: boolean;
}

/** What one VFIO device, or what is taken for one, sent. */
export interface DeviceFacts {
  /** Name of the section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Its START section. */
  start?: Place;
  /** Its END section. */
  end?: Place;
  /** Its first FULL section. */
  full?: Place;
  /** It came by FULL before END. */
  fullBeforeEnd: boolean;
  /** Config on the main channel. */
  config?: Place;
  /** First data on the main channel while the guest stood still. */
  stopData?: Place;
  /** The FULL section holds no config: the tag alone. */
  placeholder?: Place;
  /** CONFIG_LOAD_READY tags. */
  readonly loadReady: Place[];
  /** INIT_DATA_SENT tags. */
  readonly initDataSent: Place[];
  /** Device-state packets, channel after channel. */
  readonly packets: DevicePacket[];
}

/** Everything that the rules look at. */
export interface Facts {
  /** The capture. */
  readonly capture: Capture;
  /** What the destination expects. */
  readonly expectations: Expectations;
  /** How it was read. */
  readonly reading: Reading;
  /** The channels, in the order of reading. */
  readonly channels: readonly ChannelFacts[];
  /** What the main channel says. */
  readonly main: MainFacts;
  /** VFIO devices. */
  readonly devices: readonly DeviceFacts[];
  /** The capture is one channel of a migration that may have had more: a file, or a pipe. */
  readonly alone: boolean;
  /** The main channel is there and reaches EOF, and no channel is cut or unread: what is missing was never sent. */
  readonly whole: boolean;
}

/** A rule: what it has against the facts. */
export type Rule = (facts: Facts) => Iterable<ProblemDraft>;
