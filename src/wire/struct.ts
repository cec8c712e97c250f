import { ByteWriter } from "../bytes/mod.ts";
import { type Annotation, Decoder } from "./decoder.ts";
import type { Finding } from "./finding.ts";

/** One row of a structure's table: how one field (or a few that belong together) goes to bytes and back. */
export interface Field<T> {
  /** The field's name: QEMU's, in camelCase. */
  readonly name: string;
  /** Reads the field into `into`, where the fields before it already are. */
  read(decoder: Decoder, into: Partial<T>): void;
  /** Writes the field of `from`. */
  write(writer: ByteWriter, from: Readonly<T>): void;
}

/** A structure declared once, as a table: decoder, encoder, checks and annotated view come from the same rows. */
export interface Struct<T> {
  /** What it is called, for people. */
  readonly name: string;
  /** Its rows. */
  readonly fields: readonly Field<T>[];
  /**
   * Reads one from the decoder's place.
   *
   * @throws `Incomplete` where bytes are missing.
   * @throws {WireError} Where what they say leaves nothing to read, such as a wrong magic; the table's codes tell where.
   */
  read(decoder: Decoder): T;
  /**
   * Writes one.
   *
   * @throws {RangeError} If a text does not fit its field.
   */
  write(writer: ByteWriter, value: Readonly<T>): void;
  /**
   * The bytes of one. Values are written as they are, right or wrong: numbers modulo the size of their field, byte
   * strings however long they are.
   *
   * @throws {RangeError} If a text does not fit its field, or a size is no whole number.
   */
  encode(value: Readonly<T>): Uint8Array;
  /**
   * Reads one from the start of `bytes`; what follows is not looked at. Findings go to `report`.
   *
   * @throws `Incomplete` where bytes are missing, and {@linkcode WireError} as {@linkcode Struct.read} does.
   */
  decode(bytes: Uint8Array, report?: (finding: Finding) => void): T;
  /** The fields of one, each with its bytes' place; `base` is the channel offset of the first. Throws as `decode` does. */
  annotate(bytes: Uint8Array, base?: number): Annotation[];
}

/**
 * Declares a structure.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { u16, u32 } from "./fields.ts";
 * import { struct } from "./struct.ts";
 *
 * interface Pong {
 *   type: number;
 *   len: number;
 *   value: number;
 * }
 * const pong = struct<Pong>("PONG", [u16("type"), u16("len"), u32("value")]);
 * assertEquals(pong.encode({ type: 2, len: 4, value: 1 }), Uint8Array.of(0, 2, 0, 4, 0, 0, 0, 1));
 * assertEquals(pong.decode(Uint8Array.of(0, 2, 0, 4, 0, 0, 0, 7)).value, 7);
 * ```
 */
export function struct<T>(name: string, fields: readonly Field<T>[]): Struct<T> {
  const read = (decoder: Decoder): T => {
    decoder.reading = name;
    const into: Partial<T> = {};
    for (const field of fields) field.read(decoder, into);
    return into as T;
  };
  const write = (writer: ByteWriter, value: Readonly<T>): void => {
    for (const field of fields) field.write(writer, value);
  };
  return {
    name,
    fields,
    read,
    write,
    encode(value): Uint8Array {
      const writer = new ByteWriter();
      write(writer, value);
      return writer.finish();
    },
    decode: (bytes, report) =>
      read(new Decoder(bytes, 0, { ended: true, ...(report === undefined ? {} : { report }) })),
    annotate(bytes, base = 0): Annotation[] {
      const annotations: Annotation[] = [];
      read(new Decoder(bytes, base, { ended: true, trace: (annotation) => annotations.push(annotation) }));
      return annotations;
    },
  };
}
