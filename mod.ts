/**
 * migwire reads, checks, loads, makes, records and sends QEMU migration streams.
 *
 * This module has everything; each of its parts is an entry point of its own, such as `@migwire/migwire/wire`, for
 * programs that load no more than they use. `migwire`'s commands are written on these entry points alone.
 *
 * @module
 */
export * from "./src/public/wire.ts";
export * from "./src/public/stream.ts";
export * from "./src/public/capture.ts";
export * from "./src/public/load.ts";
export * from "./src/public/emit.ts";
export * from "./src/public/spawn.ts";
export * from "./src/public/qmp.ts";
export * from "./src/public/record.ts";
export * from "./src/public/replay.ts";
export * from "./src/public/inspect.ts";
export * from "./src/public/records.ts";
export * from "./src/public/check.ts";
export * from "./src/public/report.ts";
export * from "./src/public/diff.ts";
export * from "./src/public/compat.ts";
export * from "./src/public/export.ts";
export * from "./src/public/forge.ts";
export * from "./src/public/edit.ts";
export * from "./src/public/web.ts";
export * from "./src/public/memory.ts";
