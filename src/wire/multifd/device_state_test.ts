import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MULTIFD_FLAG } from "./constants.ts";
import { type DeviceStateHeader, deviceStateHeader } from "./device_state.ts";

const HEADER: DeviceStateHeader = {
  magic: 0x11223344,
  version: 1,
  flags: MULTIFD_FLAG.DEVICE_STATE,
  idstr: "0000:00:02.0/vfio",
  instanceId: 0,
  nextPacketSize: 20,
};

function codesOf(changes: Partial<DeviceStateHeader>): string[] {
  const codes: string[] = [];
  const sections = [{ idstr: "0000:00:02.0/vfio", instanceId: 0, takesBuffers: true }];
  const layout = deviceStateHeader({ sections });
  layout.decode(layout.encode({ ...HEADER, ...changes }), ({ code }) => codes.push(code));
  return codes;
}

Deno.test("deviceStateHeader() writes back any bytes that it reads", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 268, maxLength: 268 }), (rest) => {
    const bytes = new Uint8Array([...Uint8Array.fromHex("1122334400000001"), ...rest]);
    const layout = deviceStateHeader();
    assertEquals(layout.encode(layout.decode(bytes)), bytes);
  }));
});

Deno.test("deviceStateHeader() checks in QEMU's order: empty, unterminated, unknown", () => {
  assertEquals(codesOf({}), []);
  assertEquals(codesOf({ nextPacketSize: 0, idstr: "x".repeat(256) }), ["empty", "idstr"]);
  assertEquals(codesOf({ instanceId: 1 }), ["unknown-section"]);
  assertEquals(codesOf({ idstr: "0000:00:02.0/vfio\0old" }), ["trailing-text"]);
});

Deno.test("deviceStateHeader() takes a payload of one byte, and a name of 255 bytes", () => {
  const layout = deviceStateHeader();
  const codes: string[] = [];
  const bytes = layout.encode({ ...HEADER, nextPacketSize: 1, idstr: "x".repeat(255) });
  layout.decode(bytes, ({ code }) => codes.push(code));
  assertEquals(codes, []);
});

Deno.test("deviceStateHeader() warns of any bit that means nothing, of the lowest and of the highest", () => {
  const layout = deviceStateHeader();
  const warnings = (flags: number): string[] => {
    const found: string[] = [];
    layout.decode(layout.encode({ ...HEADER, flags }), ({ severity, message }) => found.push(`${severity} ${message}`));
    return found;
  };
  const says = (bits: string): string[] => [`warning flags has bits ${bits} that mean nothing here; QEMU ignores them`];
  assertEquals(warnings(MULTIFD_FLAG.DEVICE_STATE | MULTIFD_FLAG.SYNC), []);
  assertEquals(warnings((MULTIFD_FLAG.DEVICE_STATE | 0x8000_0000) >>> 0), says("0x80000000"));
  assertEquals(warnings(MULTIFD_FLAG.DEVICE_STATE | 2), says("0x2"));
});
