/** Mutants that do what the original does, so that no test can notice them. Each was looked at, and has its reason. @module */

import type { Mutant } from "./choose.ts";

/** A mutant that is no other program. */
export interface Equivalent extends Pick<Mutant, "file" | "code" | "original" | "shown"> {
  /** Why nothing can be seen of it from outside. */
  readonly reason: string;
}

/** All that are known. */
export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: "src/load/load_capture.ts",
    code: "...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),",
    original: "options.pageSize === undefined",
    shown: "false",
    reason: "`ChannelGrammars` asks for the page size only whether it is undefined, which it is, absent or not",
  },
  {
    file: "src/load/load_capture.ts",
    code: "...(options.multifd === undefined ? {} : { multifd: options.multifd }),",
    original: "options.multifd === undefined",
    shown: "false",
    reason: "`ChannelGrammars` spreads what is known, which gives nothing if it is undefined, absent or not",
  },
  {
    file: "src/load/engine/device_loader.ts",
    code: "if (slot === undefined) return false;",
    original: "false",
    shown: "true",
    reason: "never run: `#step` has found the buffer, or a part of it is written, and only `#passed` takes it away",
  },
  {
    file: "src/wire/codec/zstd.ts",
    code: "if (size > 0) this.#gate.needWhole(packet, payload, packet.nextPacketSize);",
    original: "0",
    shown: "1",
    reason: "`size` is a number of whole pages: none, or far more than one",
  },
  {
    file: "src/wire/codec/zstd.ts",
    code: "if (createZstdDecompress !== undefined) return createZstdDecompress({ chunkSize: 0x8_0000 });",
    original: "createZstdDecompress !== undefined",
    shown: "true",
    reason: "this runtime has it; without it only the error's text would be another",
  },
  {
    file: "src/wire/command.ts",
    code: '({ payloadLength = 0, block = "" }) => (payloadLength - 3 - encodeText(block).length) / 16,',
    original: "3",
    shown: "4",
    reason: "`repeated` goes on while its index is below the count, of which this takes less than one away",
  },
  {
    file: "src/wire/device_body_view.ts",
    code: "for (let bit = 0; bit < 64; bit++) {",
    original: "bit < 64",
    shown: "bit <= 64",
    reason: "a word of 64 bits has no bit 64",
  },
  {
    file: "src/wire/device_body_view.ts",
    code: "for (let bit = 0; bit < 64; bit++) {",
    original: "64",
    shown: "65",
    reason: "a word of 64 bits has no bit 64",
  },
  {
    file: "src/wire/device_body.ts",
    code: "else if (error instanceof BodyMisfit) problem = error.message;",
    original: "error instanceof BodyMisfit",
    shown: "true",
    reason: "`BodyReader` throws nothing but this and `Incomplete`",
  },
  {
    file: "src/wire/device_body.ts",
    code: "if (error instanceof BodyMisfit) return undefined;",
    original: "error instanceof BodyMisfit",
    shown: "true",
    reason: "`BodyReader` throws nothing but this and `Incomplete`",
  },
  {
    file: "src/wire/device_body.ts",
    code: "else if (node.value !== undefined) writeLeaf(writer, node.type, node.value);",
    original: "node.value !== undefined",
    shown: "true",
    reason: "a node without children has a value",
  },
  {
    file: "src/wire/device_body_view.ts",
    code: "} else if (node.value !== undefined) {",
    original: "node.value !== undefined",
    shown: "true",
    reason: "a node without children has a value",
  },
  {
    file: "src/wire/body_reader.ts",
    code: "if (!(error instanceof BodyMisfit || error instanceof Incomplete)) throw error;",
    original: "!(error instanceof BodyMisfit || error instanceof Incomplete)",
    shown: "false",
    reason: "nothing else is thrown in there",
  },
  {
    file: "src/wire/body_reader.ts",
    code: "if (value !== undefined) {",
    original: "value !== undefined",
    shown: "true",
    reason: "there are as many parts as entries, or twice as many",
  },
  {
    file: "src/wire/dirty_bitmap.ts",
    code: "granularity >= 512 && (granularity & (granularity - 1)) === 0 ? undefined : {",
    original: "512",
    shown: "511",
    reason: "511 is no power of two",
  },
  {
    file: "src/wire/dirty_bitmap.ts",
    code: "granularity >= 512 && (granularity & (granularity - 1)) === 0 ? undefined : {",
    original: "1",
    shown: "2",
    reason: "of an even number the same bits are left, an odd one keeps its lowest",
  },
  {
    file: "src/wire/ram.ts",
    code: "return bytes >= SMALLEST_PAGE && bytes <= LARGEST_PAGE && (bytes & (bytes - 1)) === 0;",
    original: "1",
    shown: "2",
    reason: "of an even number the same bits are left, an odd one keeps its lowest",
  },
  {
    file: "src/wire/ram.ts",
    code: "return value >= 0x1000n && (value & (value - 1n)) === 0n && (value & sizes) !== 0n;",
    original: "1n",
    shown: "2n",
    reason: "of an even number the same bits are left, an odd one keeps its lowest",
  },
  {
    file: "src/wire/ram.ts",
    code: "return value >= 0x1000n && (value & (value - 1n)) === 0n && (value & sizes) !== 0n;",
    original: "0x1000n",
    shown: "4095n",
    reason: "4095 is no power of two",
  },
  {
    file: "src/wire/ram.ts",
    code: "if (from.mapped !== undefined) mappedRamHeader.write(writer, from.mapped);",
    original: "from.mapped !== undefined",
    shown: "true",
    reason: "`present` writes a row only if its value is there",
  },
  {
    file: "src/wire/fields.ts",
    code: "d.need(1 + (d.bytes[d.pos] ?? 0));",
    original: "0",
    shown: "1",
    reason: "the byte is there: `need(1)` has seen to that",
  },
  {
    file: "src/wire/find_vm_description.ts",
    code: "const first = Math.max(0, lastNul - 5);",
    original: "5",
    shown: "6",
    reason: "six bytes behind it would be the last NUL, and not the brace",
  },
  {
    file: "src/wire/json_with_duplicates.ts",
    code: "while (close > 0 && this.#escaped(close)) close = this.#text.indexOf('\"', close + 1);",
    original: "close > 0",
    shown: "close >= 0",
    reason: "the quote that is searched stands behind another, not at 0",
  },
  {
    file: "src/wire/json_with_duplicates.ts",
    code: "while (close > 0 && this.#escaped(close)) close = this.#text.indexOf('\"', close + 1);",
    original: "0",
    shown: "1",
    reason: "a quote at 1 closes an empty string, and no backslash stands before it",
  },
  {
    file: "src/wire/json_with_duplicates.ts",
    code: 'if (close < 0) throw new JsonError("a string does not end", this.#at);',
    original: "close < 0",
    shown: "close <= 0",
    reason: "the quote that is searched stands behind another, not at 0",
  },
  {
    file: "src/wire/json_with_duplicates.ts",
    code: 'if (close < 0) throw new JsonError("a string does not end", this.#at);',
    original: "0",
    shown: "1",
    reason: "the quote that is searched stands behind another, not at 0",
  },
  {
    file: "src/wire/json_with_duplicates.ts",
    code: "return (quote - first) % 2 === 1;",
    original: "quote - first",
    shown: "quote + first",
    reason: "both are odd, or neither",
  },
  {
    file: "src/wire/main_header.ts",
    code:
      '(version & 0xff) <= 1 ? undefined : { code: "subsection-version", message: `is ${version}, at most 1 is known` },',
    original: "0xff",
    shown: "254",
    reason: "what is at most 1 without its lowest bit is so with it",
  },
  {
    file: "src/wire/multifd/constants.ts",
    code: "return Number.isInteger(count) && count <= MULTIFD_PACKET_SIZE / 1024 && (count & (count - 1)) === 0;",
    original: "1024",
    shown: "1023",
    reason: "the number of pages is a whole one: 512 or less is 512.5 or less",
  },
  {
    file: "src/wire/pci_config.ts",
    code: "const is64bit = (low & 6) === 4;",
    original: "6",
    shown: "7",
    reason: "bit 0 is clear: a register of I/O ports was taken before",
  },
  {
    file: "src/wire/pci_config.ts",
    code: "prefetchable: (low & 8) !== 0,",
    original: "8",
    shown: "9",
    reason: "bit 0 is clear: a register of I/O ports was taken before",
  },
  {
    file: "src/wire/pci_config.ts",
    code: "address: raw & ~0xfn,",
    original: "0xfn",
    shown: "14n",
    reason: "bit 0 is clear: a register of I/O ports was taken before",
  },
  {
    file: "src/wire/struct.ts",
    code: "read(new Decoder(bytes, 0, { ended: true, ...(report === undefined ? {} : { report }) })),",
    original: "report === undefined",
    shown: "false",
    reason: "`Decoder` asks for it only whether it is undefined, which it is, absent or not",
  },
  {
    file: "src/wire/vfio_config_size.ts",
    code: "if ((bytes[at + 1] ?? 0) <= SUBSECTION_PREFIX.length) return false;",
    original: "0",
    shown: "1",
    reason: "the byte is there: the length was looked at before",
  },
  {
    file: "src/wire/xbzrle.ts",
    code: "const low = encoded[pos++] ?? 0;",
    original: "0",
    shown: "1",
    reason: "the byte is there: two of them are",
  },
  {
    file: "src/wire/xbzrle.ts",
    code: "const high = encoded[pos++] ?? 0;",
    original: "0",
    shown: "1",
    reason: "the byte is there: two of them are",
  },
  {
    file: "src/load/block_pages.ts",
    code: "for (let done = 0; done < bytes.length;) {",
    original: "done < bytes.length",
    shown: "done <= bytes.length",
    reason: "a piece of no bytes more is copied",
  },
  {
    file: "src/load/block_pages.ts",
    code: "for (let at = 0; at < this.usedLength; at += CHUNK) {",
    original: "at < this.usedLength",
    shown: "at <= this.usedLength",
    reason: "a piece of no bytes more is hashed",
  },
  {
    file: "src/load/block_pages.ts",
    code: "const lastInterval = this.#intervals[page] ?? 0;",
    original: "0",
    shown: "1",
    reason: "each page of the block has one",
  },
  {
    file: "src/load/block_pages.ts",
    code: "const lastRank = this.#ranks[page] ?? 0;",
    original: "0",
    shown: "1",
    reason: "each page of the block has one",
  },
  {
    file: "src/load/device_states.ts",
    code: "const behind = configAt === undefined ? undefined : sorted.find(({ idx }) => idx > configAt.idx);",
    original: "idx > configAt.idx",
    shown: "idx >= configAt.idx",
    reason: "no buffer has the config's index: the second of the two was left out",
  },
  {
    file: "src/load/device_states.ts",
    code: "return ({ idx }) => idx < end;",
    original: "idx < end",
    shown: "idx <= end",
    reason: "no buffer has the config's index: the second of the two was left out",
  },
  {
    file: "src/load/engine/device_loader.ts",
    code: "#loadedConfig = -1;",
    original: "1",
    shown: "2",
    reason: "nothing but its sign is looked at before a config is loaded",
  },
  {
    file: "src/load/load_capture.ts",
    code: "gated: kept?.gated ?? false,",
    original: "false",
    shown: "true",
    reason: "each device was set up, and is known since",
  },
];

/** Why a mutant is no other program, if it is known to be none. */
export function whyEquivalent(mutant: Omit<Equivalent, "reason">): string | undefined {
  return EQUIVALENT.find(({ file, code, original, shown }) =>
    file === mutant.file && code === mutant.code && original === mutant.original && shown === mutant.shown
  )?.reason;
}
