import { type Fault, mustBe, upToNul } from "../fields.ts";
import type { Field } from "../struct.ts";
import { MULTIFD_MAGIC, MULTIFD_VERSION } from "./constants.ts";

/**
 * A row without bytes: a rule that QEMU applies only after it has read fields further on. The finding stands at
 * `field`, which begins `back` bytes before this row.
 */
export function rule<T>(field: string, back: number, check: (value: Readonly<T>) => Fault | undefined): Field<T> {
  return {
    name: field,
    read(decoder, into): void {
      const fault = check(into as Readonly<T>);
      if (fault === undefined) return;
      decoder.note({
        severity: fault.severity ?? "error",
        code: fault.code,
        field,
        offset: decoder.offset - back,
        message: `${field} ${fault.message}`,
        ...(fault.qemu === undefined ? {} : { qemu: fault.qemu }),
      });
    },
    write(): void {},
  };
}

/** How QEMU words a wrong magic or version: "…, expected …" and the like. */
type Wording = (what: string, found: string, expected: string) => string;

/** The magic must be right: without it nothing that follows can be understood. */
export function magicRule(wording: Wording): ReturnType<typeof mustBe> {
  return mustBe(MULTIFD_MAGIC, (found) => ({
    code: "magic",
    fatal: true,
    qemu: wording("magic", found.toString(16), MULTIFD_MAGIC.toString(16)),
  }));
}

/** The version must be right: another one may have other lengths. */
export function versionRule(wording: Wording): ReturnType<typeof mustBe> {
  return mustBe(MULTIFD_VERSION, (found) => ({
    code: "version",
    fatal: true,
    qemu: wording("version", String(found), String(MULTIFD_VERSION)),
  }));
}

/** Warns of bytes behind the NUL that ends a name. */
export function trailingText(name: string): Fault | undefined {
  if (upToNul(name).length === name.length) return undefined;
  return {
    code: "trailing-text",
    severity: "warning",
    message: "has bytes after its terminating NUL; QEMU ignores them",
  };
}
