/** All that takes bytes from an enemy. @module */

import type { Target } from "../guided/target.ts";
import { CONVERT, ENGINE, RAM, REPORTS } from "./captures.ts";
import { DEVICE_BODY, VFIO_CONFIG, VM_DESCRIPTION, XBZRLE } from "./devices.ts";
import { DIRTY_BITMAP } from "./dirty_bitmap.ts";
import { DIFF } from "./diff.ts";
import { EDIT } from "./edit.ts";
import { EXPORT } from "./export.ts";
import { MAIN, MAIN_DESCRIBED } from "./main.ts";
import { MULTIFD, MULTIFD_ALONE, MULTIFD_PAGES } from "./multifd.ts";
import { PREEMPT, RETURN_PATH, TLS } from "./other_channels.ts";
import { PCAP, PCAPNG } from "./packets.ts";
import { PAGE } from "./page.ts";
import { ADDRESS, EVENTS, FORGE, MANIFEST, QMP } from "./texts.ts";
import { WEB } from "./web.ts";
import { GUNZIP, LIBVIRT, UNPACK, ZSTD_FRAMES } from "./wrapped.ts";

/** The targets, by what they read. */
export const TARGETS: readonly Target[] = [
  ...[MAIN, MAIN_DESCRIBED, DIRTY_BITMAP, MULTIFD, MULTIFD_ALONE, MULTIFD_PAGES, RETURN_PATH, PREEMPT, TLS],
  ...[DEVICE_BODY, VM_DESCRIPTION, VFIO_CONFIG, XBZRLE],
  ...[PCAP, PCAPNG, LIBVIRT, GUNZIP, ZSTD_FRAMES, UNPACK],
  ...[MANIFEST, EVENTS, FORGE, QMP, ADDRESS],
  ...[ENGINE, REPORTS, RAM, CONVERT, EDIT],
  ...[WEB, DIFF, PAGE, EXPORT],
];
