/** Loads a capture as a destination does: its engine, RAM and device state. @module */
export { type BlockDigest, type CaptureDigests, captureDigests, type DeviceDigest } from "./capture_digests.ts";
export { type DeviceState, deviceStateDigests, type DeviceStates } from "./device_states.ts";
export type { BitmapOrder } from "./mapped_ram.ts";
export type { RamBlock } from "./ram_block.ts";
export { assembleRam, type RamImage } from "./ram_image.ts";
export { RAM_LIMIT, RamLimitError } from "./ram_blocks.ts";
export type { RamOptions } from "./ram_loader.ts";
export * from "./engine/mod.ts";
export { destinationSettings, type SettingsOptions, type StreamDevice, type StreamFacts } from "./settings.ts";
export { type QueueBound, type QueuedPacket, worstCase } from "./suggest_limits.ts";
export { LOAD_ORDERS, type LoadOrder } from "./feed/order.ts";
export { loadCapture, type LoadedDevice, type LoadEvent, type LoadOptions, type LoadResult } from "./load_capture.ts";
export {
  DeviceRefusal,
  type DeviceSink,
  DigestSink,
  MemorySink,
  RefusingSink,
  type SinkDigest,
  TeeSink,
} from "./sinks.ts";
