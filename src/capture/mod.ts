/** Where streams come from: capture directories, files, standard input. The only place that opens files. @module */
export { ArrivalClock } from "./arrival_clock.ts";
export {
  type BytePipe,
  type Capture,
  type CaptureChannel,
  type Direction,
  driveChannel,
  firstBytes,
} from "./capture.ts";
export { CaptureError, type CaptureErrorCode } from "./capture_error.ts";
export { openDirectory } from "./directory.ts";
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
export { gunzip, GUNZIP_LIMIT } from "./gunzip.ts";
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
export { openCapture, type OpenOptions } from "./open.ts";
export { type ByteSource, FileSource, MemorySource, OffsetSource, readBytes, sourceAt } from "./source.ts";
export { readDescription } from "./description.ts";
export * from "./unpack/mod.ts";
export { type ByteSink, type OutputOptions, writeWhole, writeWholeDirectory } from "./output.ts";
export { type DirectoryOptions, isCaptureFile, writeDirectory } from "./write_directory.ts";
export { type PcapngOptions, writePcapng } from "./write_pcapng.ts";
export { streamChannel, type StreamOptions, writeStream } from "./write_stream.ts";
export * from "./pcap/mod.ts";
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
