/** Unpacks compressed streams. @module */
export { Unpacker } from "./unpacker.ts";
