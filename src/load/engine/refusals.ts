/** What QEMU makes of what parsers find, in its own words. @module */

import { isVfioSection } from "../../stream/mod.ts";
import type { Finding } from "../../wire/mod.ts";
import type { QemuProfile } from "./profile.ts";
import type { Verdict } from "./verdict.ts";

/** A device packet for a section that takes none. */
export function noSection(idstr: string, instanceId: number): Verdict {
  const vfio = isVfioSection(idstr);
  return {
    kind: "error",
    code: vfio || idstr === "" ? "unknown-section" : "no-loader",
    reason: vfio ? `the destination has no "${idstr}"` : `"${idstr}" takes no device-state packets`,
    qemu: vfio
      ? `Unknown idstr ${idstr} or instance id ${instanceId} for load state buffer`
      : `idstr ${idstr} / instance ${instanceId} has no load state buffer operation`,
  };
}

/** A finding of a parser as what QEMU makes of it; the device in it is called `name`. */
export function asVerdict({ code, message, qemu }: Finding, name: string | undefined, profile: QemuProfile): Verdict {
  const aborts = code === "run-state-transition" ||
    (profile.codecChecks === "abort" && (code === "codec-empty" || code === "codec-size"));
  if (aborts) return { kind: "would-abort", code, reason: message };
  if (qemu === undefined) return { kind: "error", code, reason: message };
  return { kind: "error", code, reason: message, qemu: named(qemu, name) };
}

/** A text with the device's name, which parsers do not know. */
export function named(text: string, name = "NAME"): string {
  return text.replaceAll("NAME", name);
}
