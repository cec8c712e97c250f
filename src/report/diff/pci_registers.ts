import { decodePciConfig, type PciConfig } from "../../wire/mod.ts";
import type { Path } from "./path.ts";
import {
  BRIDGE_HEADER,
  capabilityRows,
  COMMON_HEADER,
  DEVICE_HEADER,
  type PciRegisterRow,
} from "./pci_register_tables.ts";
import { type PciWords, pciWords } from "./pci_words.ts";

/** A register of a config space. */
export interface PciRegister {
  /** Its name, under that of its capability if it is in one. */
  readonly path: Path;
  /** Where it is. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** What it holds. */
  readonly value: number | bigint;
  /** What that means, for people. */
  readonly meaning?: string;
}

/** Which words of the description are about a register. */
const WORDS: { readonly [name: string]: string } = {
  vendor: "device",
  device: "device",
  class: "device",
  revision: "device",
  command: "Control",
  status: "Status",
  "cache-line-size": "Latency",
  "latency-timer": "Latency",
  "subsystem-vendor": "Subsystem",
  subsystem: "Subsystem",
  rom: "Expansion ROM",
  "interrupt-line": "Interrupt",
  "interrupt-pin": "Interrupt",
};

/**
 * The registers of a config space that have names: header, base address registers, capabilities. No two of them overlap,
 * whatever the bytes say.
 */
export function pciRegisters(bytes: Uint8Array): PciRegister[] {
  const config = decodePciConfig(bytes);
  const claims = new Claims(bytes, pciWords(config));
  claims.header(config);
  const { list } = config.capabilities;
  // Where each begins first: a capability may be shorter than its table here.
  for (const { offset, name } of list) claims.capability(name, offset, [["id", 0, 1], ["next", 1, 1]]);
  for (const { offset, name } of config.extendedCapabilities.list) claims.capability(name, offset, [["header", 0, 4]]);
  for (const { offset, id, name, msi } of list) {
    claims.registersOf(name, offset, capabilityRows(id, msi?.is64bit === true));
  }
  return claims.registers;
}

/** Gives bytes to registers, each byte once. */
class Claims {
  readonly registers: PciRegister[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #words: PciWords;
  readonly #taken: Uint8Array;

  constructor(bytes: Uint8Array, words: PciWords) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#words = words;
    this.#taken = new Uint8Array(bytes.length);
  }

  header(config: PciConfig): void {
    const rows = config.headerType === 0 ? DEVICE_HEADER : config.headerType === 1 ? BRIDGE_HEADER : [];
    for (const row of [...COMMON_HEADER, ...rows]) {
      const [name, offset, length] = row;
      this.#claim([name], offset, length, this.#words.header.get(WORDS[name] ?? ""));
    }
    const count = config.headerType === 0 ? 6 : config.headerType === 1 ? 2 : 0;
    const wide = new Set(config.bars.filter(({ width }) => width === 64).map(({ index }) => index));
    for (let i = 0; i < count; i++) {
      const is64bit = wide.has(i) && i + 1 < count;
      this.#claim([`bar${i}`], 0x10 + 4 * i, is64bit ? 8 : 4, this.#words.header.get(`Region ${i}`));
      if (is64bit) i++;
    }
  }

  /** The beginning of a capability, and where it is, which is in no byte of its own. */
  capability(name: string, start: number, rows: readonly PciRegisterRow[]): void {
    const before = this.registers.length;
    this.registersOf(name, start, rows);
    if (this.registers.length === before) return;
    this.registers.push({ path: ["capabilities", name, "offset"], offset: start, length: 0, value: start });
  }

  registersOf(name: string, start: number, rows: readonly PciRegisterRow[]): void {
    const words = this.#words.capabilities.get(start);
    for (const [register, offset, length] of rows) {
      this.#claim(["capabilities", name, register], start + offset, length, words);
    }
  }

  #claim(path: Path, offset: number, length: number, meaning: string | undefined): boolean {
    const end = offset + length;
    if (end > this.#bytes.length || this.#taken.subarray(offset, end).includes(1)) return false;
    this.#taken.fill(1, offset, end);
    this.registers.push({
      path,
      offset,
      length,
      value: this.#read(offset, length),
      ...(meaning === undefined ? {} : { meaning }),
    });
    return true;
  }

  #read(offset: number, length: number): number | bigint {
    if (length === 8) return this.#view.getBigUint64(offset, true);
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + this.#view.getUint8(offset + i);
    return value;
  }
}
