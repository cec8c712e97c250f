/** Little-endian numbers in a PCI config space. What lies beyond its end reads as 0, so that garbage can be walked. @module */

/** The byte at `at`. */
export function le8(config: Uint8Array, at: number): number {
  return config[at] ?? 0;
}

/** The two bytes at `at`. */
export function le16(config: Uint8Array, at: number): number {
  return le8(config, at) | le8(config, at + 1) << 8;
}

/** The four bytes at `at`. */
export function le32(config: Uint8Array, at: number): number {
  return (le16(config, at) | le16(config, at + 2) << 16) >>> 0;
}
