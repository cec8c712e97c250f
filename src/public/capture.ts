/**
 * Captures: opened from whatever holds one, read channel by channel, and written in another form.
 *
 * {@linkcode openCapture} opens, {@linkcode identifyChannels} says what the channels are, {@linkcode readCapture} gives
 * their records. {@linkcode writeDirectory}, {@linkcode writePcapng} and {@linkcode writeStream} write. Errors are
 * {@linkcode CaptureError}.
 *
 * @module
 */
export {
  ArrivalClock,
  type BytePipe,
  type ByteSource,
  type Capture,
  CAPTURE_FORMAT,
  type CaptureChannel,
  type CaptureDevice,
  CaptureError,
  type CaptureErrorCode,
  type CaptureEvent,
  type CaptureFile,
  type CaptureManifest,
  captureOf,
  type CaptureOutcome,
  type CaptureParts,
  type CaptureSide,
  type CaptureSink,
  type ChannelParts,
  type DeviceExpectation,
  type Direction,
  type ExpectationOptions,
  type Expectations,
  expectationsOf,
  identifyChannels,
  isAtLeast,
  type Known,
  type KnownOrigin,
  type LibvirtDomain,
  type LibvirtFormat,
  type LibvirtImage,
  MemorySource,
  type OnOffAuto,
  parseQemuVersion,
  type QemuVersion,
  readBytes,
  readCapture,
  type ReadChannel,
  readChannel,
  readEvents,
  type Reading,
  type ReadingOptions,
  type ReadOptions,
  type RecordSink,
  type SequentialRead,
  type SyncStyle,
} from "../capture/values.ts";
export {
  type ByteSink,
  type DirectoryOptions,
  FileSource,
  isCaptureFile,
  openCapture,
  type OpenOptions,
  type OutputOptions,
  type PcapngOptions,
  streamChannel,
  type StreamOptions,
  writeDirectory,
  writePcapng,
  writeStream,
  writeWhole,
  writeWholeDirectory,
} from "../capture/mod.ts";
export { FileSink } from "../load/file_sink.ts";
export { MigwireError } from "../errors/mod.ts";
export { openStream, type OpenStreamOptions, STREAM_KEEP } from "../web/open_stream.ts";
