/** migwire reads, checks, loads and writes QEMU migration streams. @module */
export * from "./src/bytes/mod.ts";
export * from "./src/errors/mod.ts";
export { formatSocketAddress, parseSocketAddress, type SocketAddress } from "./src/net/mod.ts";
export * from "./src/wire/mod.ts";
export * from "./src/wire/codec.ts";
export * from "./src/stream/mod.ts";
export * from "./src/capture/mod.ts";
export * from "./src/load/mod.ts";
export * from "./src/record/mod.ts";
export * from "./src/qmp/mod.ts";
export * from "./src/emit/mod.ts";
export * from "./src/emit/deal/mod.ts";
export * from "./src/emit/spawn/mod.ts";
export * from "./src/emit/target/mod.ts";
export * from "./src/replay/mod.ts";
export * from "./src/forge/mod.ts";
export * from "./src/report/mod.ts";
