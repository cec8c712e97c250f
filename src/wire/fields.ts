/**
 * The field types that structures are declared with. Every constructor takes the field's name and its rules; the rules
 * are checked while reading and shown in the annotated view.
 *
 * @module
 */

import { type ByteWriter, decodeText, encodeText, hexText } from "../bytes/mod.ts";
import type { Decoder } from "./decoder.ts";
import { hex, type Severity } from "./finding.ts";
import type { Field, Struct } from "./struct.ts";

/** Names of a structure's fields that hold values of type `V`. */
export type KeyOf<T, V> = { [K in keyof T]-?: T[K] extends V | undefined ? K : never }[keyof T] & string;

/** What is wrong with a value. */
export interface Fault {
  /** Stable code. */
  readonly code: string;
  /** For people, a phrase after the field's name: "is 5, at most 4 fit". */
  readonly message: string;
  /** What QEMU says. */
  readonly qemu?: string;
  /** Error unless said otherwise. */
  readonly severity?: Severity;
  /** Nothing after this field can be understood. */
  readonly fatal?: boolean;
}

/** Rules of a field. */
export interface Rules<T, V> {
  /** Returns what is wrong with the value, given the fields before it. */
  readonly check?: (value: V, before: Readonly<Partial<T>>) => Fault | undefined;
  /** What the value means, for the annotated view. */
  readonly meaning?: (value: V, before: Readonly<Partial<T>>) => string | undefined;
}

/** A count or length: a number, or a function of the fields before it. */
export type Size<T> = number | ((before: Readonly<Partial<T>>) => number);

function sizeOf<T>(size: Size<T>, before: Readonly<Partial<T>>): number {
  return typeof size === "number" ? size : size(before);
}

/** A value as the annotated view shows it. */
export function showValue(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") {
    return value < 10 && value > -10 ? String(value) : `${value} (${hex(value)})`;
  }
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) {
    const shown = hexText(value.subarray(0, 16));
    return value.length > 16 ? `${shown}… (${value.length} bytes)` : shown;
  }
  return String(value);
}

function finish<T, V>(
  decoder: Decoder,
  name: string,
  start: number,
  value: V,
  into: Readonly<Partial<T>>,
  rules: Rules<T, V>,
): void {
  if (decoder.trace !== undefined) {
    const meaning = rules.meaning?.(value, into);
    decoder.trace({
      offset: start,
      length: decoder.offset - start,
      field: decoder.path === "" ? name : `${decoder.path}.${name}`,
      value: showValue(value),
      ...(meaning === undefined ? {} : { meaning }),
    });
  }
  const fault = rules.check?.(value, into);
  if (fault === undefined) return;
  const { fatal, severity = "error", ...fields } = fault;
  const rest = { ...fields, message: `${name} ${fault.message}` };
  if (fatal) decoder.fail({ ...rest, field: name, offset: start });
  decoder.note({ ...rest, severity, field: name, offset: start });
}

/** A field of a type of its own, for what the constructors below do not offer. */
export function field<T, V>(
  name: KeyOf<T, V>,
  rules: Rules<T, V>,
  read: (decoder: Decoder, before: Readonly<Partial<T>>) => V,
  write: (writer: ByteWriter, value: V, from: Readonly<T>) => void,
): Field<T> {
  return {
    name,
    read(decoder, into): void {
      const start = decoder.offset;
      const value = read(decoder, into);
      (into as { [key: string]: unknown })[name] = value;
      finish(decoder, name, start, value, into, rules);
    },
    write: (writer, from) => write(writer, from[name] as V, from),
  };
}

/** One byte. */
export function u8<T>(name: KeyOf<T, number>, rules: Rules<T, number> = {}): Field<T> {
  return field<T, number>(name, rules, (d) => d.u8(), (w, v) => w.u8(v));
}

/** Two bytes, big-endian. */
export function u16<T>(name: KeyOf<T, number>, rules: Rules<T, number> = {}): Field<T> {
  return field<T, number>(name, rules, (d) => d.u16(), (w, v) => w.u16(v));
}

/** Four bytes, big-endian. */
export function u32<T>(name: KeyOf<T, number>, rules: Rules<T, number> = {}): Field<T> {
  return field<T, number>(name, rules, (d) => d.u32(), (w, v) => w.u32(v));
}

/** Four bytes, big-endian, signed. */
export function i32<T>(name: KeyOf<T, number>, rules: Rules<T, number> = {}): Field<T> {
  return field<T, number>(name, rules, (d) => d.i32(), (w, v) => w.u32(v));
}

/** Eight bytes, big-endian. */
export function u64<T>(name: KeyOf<T, bigint>, rules: Rules<T, bigint> = {}): Field<T> {
  return field<T, bigint>(name, rules, (d) => d.u64(), (w, v) => w.u64(v));
}

/** Eight bytes, big-endian, as a number: a length or offset, refused above 2^53-1, where no file reaches. */
export function size64<T>(name: KeyOf<T, number>, rules: Rules<T, number> = {}): Field<T> {
  return field<T, number>(name, rules, (d) => {
    const start = d.offset;
    const value = d.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      d.fail({ code: "implausible", field: name, offset: start, message: `${name} is ${hex(value)}, beyond any file` });
    }
    return Number(value);
  }, (w, v) => w.u64(BigInt(v)));
}

/** Four bytes, little-endian: what a device holds that way is sent that way. */
export function u32le<T>(name: KeyOf<T, number>, rules: Rules<T, number> = {}): Field<T> {
  return field<T, number>(name, rules, (d) => swap32(d.u32()), (w, v) => w.u32(swap32(v)));
}

function swap32(value: number): number {
  return (value << 24 | (value & 0xff00) << 8 | value >>> 8 & 0xff00 | value >>> 24) >>> 0;
}

/** Raw bytes. */
export function bytes<T>(name: KeyOf<T, Uint8Array>, size: Size<T>, rules: Rules<T, Uint8Array> = {}): Field<T> {
  return field<T, Uint8Array>(name, rules, (d, before) => d.take(sizeOf(size, before)), (w, v) => w.put(v));
}

/** A string with a length byte before it, 0..255 bytes, no terminator (main-channel.md §0, `cstr8`). */
export function cstr8<T>(name: KeyOf<T, string>, rules: Rules<T, string> = {}): Field<T> {
  return field<T, string>(name, rules, (d) => {
    d.need(1);
    d.need(1 + (d.bytes[d.pos] ?? 0));
    return decodeText(d.takeView(d.u8()));
  }, (w, v) => {
    const text = encodeText(v);
    if (text.length > 255) throw new RangeError(`Cannot write ${name}: ${text.length} bytes, at most 255 fit`);
    w.u8(text.length);
    w.put(text);
  });
}

/** A string whose length a field before it gives. */
export function textOf<T>(name: KeyOf<T, string>, size: Size<T>, rules: Rules<T, string> = {}): Field<T> {
  return field<T, string>(
    name,
    rules,
    (d, before) => decodeText(d.takeView(sizeOf(size, before))),
    (w, v) => w.put(encodeText(v)),
  );
}

/**
 * A string in a field of fixed size, padded with NUL. What stands after the first NUL is kept, so that it can be
 * written back; {@linkcode upToNul} gives what QEMU reads.
 */
export function nulPadded<T>(name: KeyOf<T, string>, size: number, rules: Rules<T, string> = {}): Field<T> {
  return field<T, string>(name, rules, (d) => {
    const all = d.takeView(size);
    let length = size;
    while (all[length - 1] === 0) length--;
    return decodeText(all.subarray(0, length));
  }, (w, v) => {
    const text = encodeText(v);
    if (text.length > size) throw new RangeError(`Cannot write ${name}: ${text.length} bytes, ${size} fit`);
    w.put(text);
    w.zeros(size - text.length);
  });
}

/**
 * The part of a NUL-padded string that QEMU reads.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { upToNul } from "./fields.ts";
 *
 * assertEquals(upToNul("pc.ram\0garbage"), "pc.ram");
 * ```
 */
export function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** Bytes that writers leave zero and readers ignore. Absent from the value when zero, kept otherwise. */
export function reserved<T>(name: KeyOf<T, Uint8Array | undefined>, size: Size<T>): Field<T> {
  return {
    name,
    read(decoder, into): void {
      const start = decoder.offset;
      const all = decoder.takeView(sizeOf(size, into));
      const zero = all.every((byte) => byte === 0);
      if (!zero) (into as { [key: string]: unknown })[name] = all.slice();
      finish<T, Uint8Array>(decoder, name, start, all, into, {
        check: () =>
          zero
            ? undefined
            : { code: "reserved", severity: "warning", message: "is not zero; QEMU ignores these bytes" },
        meaning: () => "reserved",
      });
    },
    write(writer, from): void {
      const value = from[name] as Uint8Array | undefined;
      if (value === undefined) writer.zeros(sizeOf(size, from));
      else writer.put(value);
    },
  };
}

/** A field (or a few) that is there only if `when` says so. */
export function when<T>(test: (before: Readonly<Partial<T>>) => boolean, ...fields: Field<T>[]): Field<T> {
  return {
    name: fields.map((f) => f.name).join(","),
    read(decoder, into): void {
      if (test(into)) { for (const f of fields) f.read(decoder, into); }
    },
    write(writer, from): void {
      if (test(from)) { for (const f of fields) f.write(writer, from); }
    },
  };
}

/** A structure inside. */
export function nested<T, V>(name: KeyOf<T, V>, inner: Struct<V>): Field<T> {
  return {
    name,
    read(decoder, into): void {
      (into as { [key: string]: unknown })[name] = decoder.within(name, () => inner.read(decoder));
    },
    write: (writer, from) => inner.write(writer, from[name] as V),
  };
}

/** `count` structures, one after the other. */
export function repeated<T, V>(name: KeyOf<T, V[]>, count: Size<T>, inner: Struct<V>): Field<T> {
  return {
    name,
    read(decoder, into): void {
      const items: V[] = [];
      const total = sizeOf(count, into);
      for (let i = 0; i < total; i++) items.push(decoder.within(`${name}[${i}]`, () => inner.read(decoder)));
      (into as { [key: string]: unknown })[name] = items;
    },
    write(writer, from): void {
      for (const item of from[name] as V[]) inner.write(writer, item);
    },
  };
}

/** Structures one after the other for as long as `more` finds another one. */
export function repeatedWhile<T, V>(
  name: KeyOf<T, V[]>,
  more: (decoder: Decoder, soFar: readonly V[], before: Readonly<Partial<T>>) => boolean,
  inner: Struct<V>,
): Field<T> {
  return {
    name,
    read(decoder, into): void {
      const items: V[] = [];
      while (more(decoder, items, into)) {
        items.push(decoder.within(`${name}[${items.length}]`, () => inner.read(decoder)));
      }
      (into as { [key: string]: unknown })[name] = items;
    },
    write(writer, from): void {
      for (const item of from[name] as V[]) inner.write(writer, item);
    },
  };
}

/** A rule: the value must be `expected`. */
export function mustBe(
  expected: number | bigint,
  fault: (found: number | bigint) => Omit<Fault, "message">,
): { check: (value: number | bigint) => Fault | undefined } {
  return {
    check: (value) =>
      value === expected ? undefined : { message: `is ${hex(value)}, expected ${hex(expected)}`, ...fault(value) },
  };
}
