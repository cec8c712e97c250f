import type { Difference } from "./compare_body.ts";
import type { SectionFacts } from "./gather.ts";
import type { CompatProblem } from "./model.ts";
import { misread, stateFails, subsectionTooNew, tooOld, unknownSubsection } from "./words.ts";

/** What all problems of a kind have in common. */
type Told = Pick<CompatProblem, "severity" | "code" | "message" | "qemu" | "hint">;

const OLDER_MACHINE =
  "start the source with a machine type that both know, and without -global settings that change it";

/** A difference as a problem; undefined for what has no consequence. */
export function differenceProblem(
  difference: Difference,
  section: SectionFacts,
  words: string | undefined,
): CompatProblem | undefined {
  const told = tell(difference, section, words);
  if (told === undefined) return undefined;
  const { channel, offset, idstr, instanceId } = section;
  return { ...told, channel, offset, field: difference.path, section: idstr, instanceId };
}

function tell(difference: Difference, section: SectionFacts, words: string | undefined): Told | undefined {
  const { kind, path, vmsd, stream = 0, target = 0, subsection, other } = difference;
  const { idstr, instanceId } = section;
  const fails = (reason: string): string => stateFails(idstr, instanceId, reason, words);
  const error = (code: string, message: string, qemu: string, hint = OLDER_MACHINE): Told => ({
    severity: "error",
    code,
    message,
    qemu,
    hint,
  });
  switch (kind) {
    case "field-added":
      return error("field-added", `${path} (${bytes(stream)}) is not read there`, misread(idstr));
    case "field-missing":
      return error(
        "field-missing",
        `${path} (${bytes(target)}) is read there, and is not in the stream`,
        misread(idstr),
        `${OLDER_MACHINE}. An array that happens to be empty would do no harm: the dump does not tell`,
      );
    case "field-resized":
      return error("field-resized", `${path} has ${bytes(stream)}, there it has ${target}`, misread(idstr));
    case "subsection-unknown":
      return error(
        "subsection-unknown",
        `QEMU there does not know the subsection ${path}`,
        fails(unknownSubsection(path, vmsd)),
      );
    case "version-new":
      return error(
        "subsection-version",
        `version ${stream} of the subsection ${subsection} is too new: QEMU there reads up to ${target}`,
        subsectionTooNew(path, stream, target),
      );
    case "version-old":
      return error(
        "subsection-version",
        `version ${stream} of the subsection ${subsection} is too old: QEMU there reads from ${target} on`,
        tooOld(path, stream, target, words),
        "migrate by way of a QEMU between the two",
      );
    case "fields-moved":
      return {
        severity: "warning",
        code: "fields-moved",
        message: `${path} would be read as ${other}: as many bytes, another meaning`,
        hint: "compare what the two versions of QEMU say of these fields",
      };
    case "not-compared":
      return {
        severity: "warning",
        code: "not-compared",
        message: `the fields of ${path === "" ? "the state" : path} are too many, or too deep, to be compared`,
      };
    case "field-renamed":
      return undefined;
  }
}

function bytes(number: number): string {
  return `${number} byte${number === 1 ? "" : "s"}`;
}
