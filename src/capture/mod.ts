/** Where streams come from: capture directories, files, standard input. The only place that opens files. @module */
export * from "./values.ts";
export { openDirectory } from "./directory.ts";
export { FileSource } from "./file_source.ts";
export { gunzip, GUNZIP_LIMIT } from "./gunzip.ts";
export { openCapture, type OpenOptions } from "./open.ts";
export * from "./unpack/mod.ts";
export { type ByteSink, type OutputOptions, writeWhole, writeWholeDirectory } from "./output.ts";
export { type DirectoryOptions, isCaptureFile, writeDirectory } from "./write_directory.ts";
export { type PcapngOptions, writePcapng } from "./write_pcapng.ts";
export { streamChannel, type StreamOptions, writeStream } from "./write_stream.ts";
export * from "./pcap/mod.ts";
