/** The machine that migrates: 8 MiB of memory, and a guest of a few bytes in the place of the firmware. @module */

import { concat } from "@std/bytes";

/** Bytes of a page. */
export const PAGE = 4096;

/** Bytes of memory. */
export const RAM_BYTES = 8 * 1024 * 1024;

/** Where the memory is filled: above what the guest changes. */
const FILL_ADDRESS = 0x100000;

/** Pages that are filled there. */
const FILL_PAGES = 256;

/** The guest changes a word in each page from here on, up to where the hole for graphics begins at most. */
const GUEST_ADDRESS = 0x20000;

/** A part of a block of memory that the guest sees. */
export interface Visible {
  /** Where the guest sees it. */
  readonly address: number;
  /** Where it lies in the block, bytes. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** A machine that migrates. */
export interface Machine {
  /** Arguments that source and destination have in common. */
  readonly args: readonly string[];
  /** What the source is given besides: something in its memory. */
  readonly fill: readonly string[];
  /** The block that its memory is. */
  readonly block: string;
  /** What the guest can see of it, for `pmemsave`. */
  readonly visible: readonly Visible[];
}

/** Files that the machine is started with. */
export const FILES = { firmware: "guest.bin", fill: "fill.bin" } as const;

/** Arguments that source and destination have in common; the memory of the source alone is filled. */
export const MACHINE: readonly string[] = [
  ...["-M", "pc", "-accel", "tcg", "-cpu", "qemu64", "-m", "8", "-bios", FILES.firmware],
  ...["-nodefaults", "-no-user-config", "-vga", "none", "-display", "none"],
];

/** Fills the memory. */
export const FILL: readonly string[] = fillFrom(FILL_ADDRESS);

/**
 * The PC of all cases that say nothing else. Between what the guest can see lies the hole of the PC: graphics memory and
 * firmware hide the block's bytes there.
 */
export const PC: Machine = {
  args: MACHINE,
  fill: FILL,
  block: "pc.ram",
  visible: [
    { address: 0, offset: 0, length: 0xa0000 },
    { address: 0x100000, offset: 0x100000, length: RAM_BYTES - 0x100000 },
  ],
};

/** Arguments that put the file into the memory from `address` on. */
export function fillFrom(address: number): string[] {
  return ["-device", `loader,file=${FILES.fill},addr=0x${address.toString(16)},force-raw=on`];
}

/**
 * Firmware of 64 KiB: a program that switches A20, adds 1 to a word in each of `pages` pages, and begins again. The
 * switch empties TCG's TLB: QEMU 7.2 does not notice writes to pages that it has sent while they are in there.
 *
 * @param delay Turns of an empty loop after each page, to slow it down; at most 0xffff.
 */
export function firmware(pages: number, delay: number): Uint8Array<ArrayBuffer> {
  const [first, end] = [GUEST_ADDRESS >> 4, (GUEST_ADDRESS + pages * PAGE) >> 4];
  const word = (value: number): number[] => [value & 0xff, value >> 8];
  const program = [
    ...[0xe4, 0x92], //                  0: in al, 0x92
    ...[0x34, 0x02], //                  2: xor al, 2
    ...[0xe6, 0x92], //                  4: out 0x92, al
    ...[0xbb, ...word(first)], //        6: mov bx, first
    ...[0x8e, 0xdb], //                  9: mov ds, bx
    ...[0xff, 0x06, ...word(0x40)], //  11: inc word [0x40]
    ...[0xb9, ...word(delay)], //       15: mov cx, delay
    ...[0xe2, 0xfe], //                 18: loop 18
    ...[0x81, 0xc3, ...word(PAGE >> 4)], // 20: add bx, a page in paragraphs
    ...[0x81, 0xfb, ...word(end)], //   24: cmp bx, end
    ...[0x72, 9 - 30 & 0xff], //        28: jb 9
    ...[0xeb, 0 - 32 & 0xff], //        30: jmp 0
  ];
  const image = new Uint8Array(0x10000);
  image.set(program);
  // The processor begins 16 bytes before the end: jmp F000:0000
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0);
  return image;
}

/** What the memory is filled with: pages of noise, of text, of one byte, and empty ones. */
export function fillContents(): Uint8Array<ArrayBuffer> {
  let state = 1;
  const noise = (): number => (state = Math.imul(state, 0x915f77f5) + 1 | 0) >>> 24;
  const text = new TextEncoder().encode("what a source sends, a destination must take. ".repeat(90)).subarray(0, PAGE);
  return concat(Array.from({ length: FILL_PAGES }, (_, page) => {
    switch (page % 4) {
      case 0:
        return new Uint8Array(PAGE);
      case 1:
        return Uint8Array.from({ length: PAGE }, noise);
      case 2:
        return text;
      default:
        return new Uint8Array(PAGE).fill(page);
    }
  }));
}
