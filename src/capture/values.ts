/**
 * Captures as values, whatever they were opened from: their channels, what these are, their records, times and
 * descriptions. Opens nothing, and knows no runtime.
 *
 * @module
 */
export { ArrivalClock } from "./arrival_clock.ts";
export { type BytePipe, type Capture, type CaptureChannel, driveChannel, firstBytes } from "./capture.ts";
export type { Direction } from "./direction.ts";
export { CaptureError, type CaptureErrorCode } from "./capture_error.ts";
export { captureOf, type CaptureParts, type ChannelParts } from "./capture_of.ts";
export {
  driveStream,
  readChannel,
  type ReadOptions,
  recordBatches,
  type RecordSink,
  type SequentialRead,
} from "./drive.ts";
export { type ArrivalQuery, arrivalTimes, type CaptureEvent, EventFile, readEvents } from "./events.ts";
export { fileOffset } from "./file_offset.ts";
export * from "./libvirt/mod.ts";
export {
  CAPTURE_FORMAT,
  type CaptureDevice,
  type CaptureFile,
  type CaptureManifest,
  type CaptureOutcome,
  type CaptureSide,
  readManifest,
} from "./manifest.ts";
export { type ByteSource, MemorySource, OffsetSource, readBytes, sourceAt } from "./source.ts";
export { readDescription } from "./description.ts";
export {
  type CaptureSink,
  ChannelGrammars,
  identifyChannels,
  readCapture,
  type ReadChannel,
  type Reading,
  type ReadingOptions,
} from "./reading.ts";
export * from "./expectations.ts";
