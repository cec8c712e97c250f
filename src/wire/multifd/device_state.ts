import { encodeText } from "../../bytes/mod.ts";
import { type Fault, nulPadded, u32, upToNul } from "../fields.ts";
import { type Struct, struct } from "../struct.ts";
import { MULTIFD_FLAG } from "./constants.ts";
import type { MultifdContext } from "./context.ts";
import { type MultifdPacketStart, startRows } from "./packet_start.ts";
import { rule, trailingText } from "./rules.ts";

/** Header of a device-state packet, 276 bytes, since QEMU 10.0 (multifd.md §5.1). */
export interface DeviceStateHeader extends MultifdPacketStart {
  /** The savevm section that takes the payload, such as `0000:00:02.0/vfio`. */
  idstr: string;
  /** Its instance, normally 0. */
  instanceId: number;
  /** Length of the payload in bytes. */
  nextPacketSize: number;
}

function idstrFault(idstr: string): Fault | undefined {
  if (encodeText(idstr).length < 256) return trailingText(idstr);
  return {
    code: "idstr",
    message: "fills all 256 bytes, no NUL ends it",
    qemu: "unterminated multifd device state idstr",
  };
}

function sectionFault(context: MultifdContext, header: Readonly<DeviceStateHeader>): Fault | undefined {
  if (context.sections === undefined || encodeText(header.idstr).length === 256) return undefined;
  const idstr = upToNul(header.idstr);
  const { instanceId } = header;
  const section = context.sections.find((known) => known.idstr === idstr && known.instanceId === instanceId);
  if (section === undefined) {
    return {
      code: "unknown-section",
      message: `is "${idstr}", instance ${instanceId}: the destination has no such section`,
      qemu: `Unknown idstr ${idstr} or instance id ${instanceId} for load state buffer`,
    };
  }
  if (section.takesBuffers) return undefined;
  return {
    code: "no-loader",
    message: `is "${idstr}", a section that takes no state buffers`,
    qemu: `idstr ${idstr} / instance ${instanceId} has no load state buffer operation`,
  };
}

/**
 * The header of a device-state packet, checked against what `context` knows, in QEMU's order (multifd.md §5.4). That
 * SYNC must not be set as well is noticed by the channel's grammar, since QEMU takes the buffer first.
 *
 * Error codes: `magic`, `version` (both fatal), `empty`, `idstr`, `unknown-section`, `no-loader`. Warnings: `flags`,
 * `trailing-text`.
 *
 * @param context What the destination knows; what is absent is not checked.
 * @returns The table.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deviceStateHeader, MULTIFD_FLAG } from "@migwire/migwire/wire";
 *
 * const layout = deviceStateHeader();
 * const bytes = layout.encode({
 *   magic: 0x11223344,
 *   version: 1,
 *   flags: MULTIFD_FLAG.DEVICE_STATE,
 *   idstr: "0000:00:02.0/vfio",
 *   instanceId: 0,
 *   nextPacketSize: 20,
 * });
 * assertEquals(bytes.length, 276);
 * assertEquals(layout.decode(bytes).idstr, "0000:00:02.0/vfio");
 * ```
 */
export function deviceStateHeader(context: MultifdContext = {}): Struct<DeviceStateHeader> {
  return struct<DeviceStateHeader>("multifd device state packet", [
    ...startRows<DeviceStateHeader>(context, MULTIFD_FLAG.DEVICE_STATE | MULTIFD_FLAG.SYNC),
    nulPadded("idstr", 256),
    u32("instanceId"),
    u32("nextPacketSize", {
      check: (length) =>
        length > 0
          ? undefined
          : { code: "empty", message: "is 0", qemu: "multifd: received empty device state packet" },
    }),
    rule("idstr", 264, ({ idstr }) => idstrFault(idstr)),
    rule("idstr", 264, (header) => sectionFault(context, header)),
  ]);
}
