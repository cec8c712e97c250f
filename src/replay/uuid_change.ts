import type { ReadChannel } from "../capture/mod.ts";
import type { BaseRecord, ConfigurationRecord } from "../stream/mod.ts";
import { formatUuid } from "../wire/mod.ts";

/**
 * The 16 bytes of a UUID in RFC 4122 order, as they stand in a stream (main-channel.md §2.2); undefined if the text is
 * none.
 *
 * @param text 32 hexadecimal digits, with dashes or without.
 * @returns The bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { uuidBytes } from "@migwire/migwire/replay";
 *
 * assertEquals(uuidBytes("00112233-4455-6677-8899-aabbccddeeff")?.[15], 0xff);
 * assertEquals(uuidBytes("0011"), undefined);
 * ```
 */
export function uuidBytes(text: string): Uint8Array | undefined {
  const digits = text.replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(digits) ? Uint8Array.fromHex(digits) : undefined;
}

/** A UUID as QEMU writes it, lower case and with dashes; the text itself if it is none. */
export function uuidText(text: string): string {
  const bytes = uuidBytes(text);
  return bytes === undefined ? text : formatUuid(bytes);
}

/**
 * Changes the UUID in the configuration of a main channel, where there is one (main-channel.md §2.2). The channels of
 * multifd have it in their initial packets.
 *
 * @throws {TypeError} If `uuid` is none.
 */
export function uuidChange(uuid: string): (record: BaseRecord, channel: ReadChannel) => BaseRecord {
  const bytes = uuidBytes(uuid);
  if (bytes === undefined) {
    throw new TypeError(`Cannot take ${JSON.stringify(uuid)} for a UUID: 32 hexadecimal digits are wanted`);
  }
  return (record) => {
    if (record.kind !== "configuration") return record;
    const configuration = record as ConfigurationRecord;
    if (configuration.subsections.every((subsection) => subsection.uuid === undefined)) return record;
    const subsections = configuration.subsections.map((subsection) =>
      subsection.uuid === undefined ? subsection : { ...subsection, uuid: bytes }
    );
    return { ...configuration, subsections } as ConfigurationRecord;
  };
}
