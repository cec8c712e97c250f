/** What devices say. @module */

import { equals } from "@std/bytes";
import {
  annotateDeviceBody,
  decodeDeviceBody,
  decodePciConfig,
  decodeXbzrle,
  describePciConfig,
  encodeDeviceBody,
  findVmDescription,
  parseConfigBlob,
  parseVmDescription,
  parseVmstateDump,
  VmstateDumpError,
  WireError,
  XbzrleError,
} from "../../../src/wire/mod.ts";
import { checkConfig } from "../check_parts.ts";
import { InvariantError, refusing, type Target } from "../guided/target.ts";
import { ascii } from "../../main_stream.ts";
import { joinParts, splitParts } from "../parts.ts";
import { tokenPieces } from "../pieces.ts";
import { noControls } from "./shown.ts";

/** A device's body, with the description of it as the first part. */
export const DEVICE_BODY: Target = {
  name: "device-body",
  weight: 5,
  holds: "whatever the description claims, the body is taken apart, shown and put together again",
  steps: { constant: 10_000, perByte: 100 },
  bytes: { constant: 20_000, perByte: 100 },
  run(input): void {
    const [json, body = input] = splitParts(input);
    for (const device of parseVmDescription(new TextDecoder().decode(json))?.devices ?? []) {
      const read = decodeDeviceBody(body, device);
      if (!equals(encodeDeviceBody(read), body)) throw new InvariantError("the body is written differently");
      let at = 0;
      for (const { offset, length } of annotateDeviceBody(read)) {
        if (offset < at || length < 0 || offset + length > body.length) {
          throw new InvariantError(`a field at ${offset}`);
        }
        at = offset;
      }
    }
  },
  pieces: (part) => tokenPieces(part),
  parts: 2,
  grown(times): Uint8Array {
    const fields = Array.from({ length: 8 * times }, (_, i) => ({ name: `f${i}`, type: "uint32", size: 4 }));
    const devices = [{ name: "x", instance_id: 0, vmsd_name: "x", version: 1, fields }];
    return joinParts([ascii(JSON.stringify({ devices })), new Uint8Array(32 * times)]);
  },
};

/** The text of a VM description, or what `-dump-vmstate` wrote. */
export const VM_DESCRIPTION: Target = {
  name: "vm-description",
  weight: 3,
  holds: "only VmstateDumpError is thrown, and that for a dump alone; problems have a place in the text",
  steps: { constant: 10_000, perByte: 50 },
  bytes: { constant: 20_000, perByte: 50 },
  run(input): void {
    const text = new TextDecoder().decode(input);
    parseVmDescription(text, ({ offset = 0, message }) => {
      if (!(offset >= 0 && offset <= text.length) || message === "") {
        throw new InvariantError(`${message} at ${offset}`);
      }
    });
    refusing([VmstateDumpError], () => parseVmstateDump(text));
    const place = findVmDescription(input, 0, input.length);
    if (place !== undefined && "offset" in place && place.offset >= input.length) {
      throw new InvariantError("is nowhere");
    }
  },
  pieces: tokenPieces,
  grown: (times) =>
    ascii(JSON.stringify({
      devices: Array.from({ length: 8 * times }, () => ({
        name: "x",
        instance_id: 0,
        vmsd_name: "x",
        version: 1,
        fields: [{ name: "a", type: "uint8", size: 1 }],
      })),
    })),
};

/** A VFIO device's config, in a packet and by itself, and a PCI config space. */
export const VFIO_CONFIG: Target = {
  name: "vfio-config",
  weight: 4,
  holds: "a config is read and written the same, or WireError is thrown; what is said of a config space is printable",
  steps: { constant: 5_000, perByte: 50 },
  bytes: { constant: 50_000, perByte: 100 },
  run(input): void {
    checkConfig(input);
    refusing([WireError], () => parseConfigBlob(input));
    const config = refusing([WireError], () => decodePciConfig(input));
    if (config !== undefined) { for (const line of describePciConfig(config)) noControls(line.replaceAll("\t", "")); }
  },
};

/** A difference to a page. */
export const XBZRLE: Target = {
  name: "xbzrle",
  weight: 1,
  holds: "runs stay inside of the page, or XbzrleError is thrown",
  steps: { constant: 500, perByte: 20 },
  bytes: { constant: 1_000, perByte: 20 },
  run(input): void {
    const size = 4096;
    let end = 0;
    for (const { at, bytes } of refusing([XbzrleError], () => decodeXbzrle(input, size)) ?? []) {
      if (at < end || at + bytes.length > size) throw new InvariantError(`a run at ${at}`);
      end = at + bytes.length;
    }
  },
  grown: (times) => Uint8Array.from({ length: 30 * times }, (_, i) => [i < 3 ? 0 : 1, 1, 7][i % 3] ?? 0),
};
