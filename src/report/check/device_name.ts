import type { DeviceExpectation } from "../../capture/values.ts";
import type { DeviceFacts } from "./facts.ts";

/** What QEMU's messages call a device; the stream does not say it (vfio.md §2.3). */
export function nameOf({ idstr }: Pick<DeviceFacts, "idstr">, expectation: DeviceExpectation | undefined): string {
  return expectation?.name ?? idstr.replace(/\/vfio$/, "");
}
