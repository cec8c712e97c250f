import { hexText } from "../../bytes/mod.ts";
import type { BodyScalar } from "../../wire/mod.ts";
import type { DiffPlace } from "./model.ts";
import type { PathStep } from "./path.ts";
import type { Span } from "./span.ts";

/**
 * A part of what a capture says, to be compared with the same part of another: a leaf with a value, or a group. The
 * parts of a group are made when they are asked for, so that of all devices only one is taken apart at a time.
 */
export interface DiffNode {
  /** Its name, or its number. */
  readonly step: PathStep;
  /** The number that follows it in the path: of the sections of a name, which instance. */
  readonly instance?: number;
  /** Where it stands. */
  readonly place?: DiffPlace | undefined;
  /** What a leaf says. */
  readonly leaf?: DiffLeaf;
  /** The parts of a group. */
  readonly parts?: () => readonly DiffNode[];
  /** The capture could not be read so far as to tell all parts: that one is not there means nothing. */
  readonly partial?: boolean;
}

/** What a leaf says. */
export type DiffLeaf =
  /** One thing. */
  | {
    readonly kind: "value";
    readonly value: BodyScalar | string | null;
    /** QEMU's name of the encoding. */
    readonly type?: string;
    /** Bytes on the wire. */
    readonly bytes?: number;
    /** What it means, for people. */
    readonly meaning?: () => string | undefined;
  }
  /** Numbers of one type. */
  | { readonly kind: "row"; readonly values: readonly BodyScalar[]; readonly type: string; readonly itemBytes: number }
  /** Bytes that nothing looks into. */
  | { readonly kind: "bytes"; readonly span: Span; readonly type?: string }
  /** A PCI config space. */
  | { readonly kind: "pci-config"; readonly bytes: Uint8Array };

/** A leaf with a number, text or nothing. */
export function valueNode(step: PathStep, value: BodyScalar | string | null, place?: DiffPlace): DiffNode {
  return { step, place, leaf: { kind: "value", value } };
}

/** A group whose parts are there. */
export function groupNode(step: PathStep, parts: readonly DiffNode[], place?: DiffPlace): DiffNode {
  return { step, place, parts: () => parts };
}

/** A tree of a value as JSON has it: objects are groups of named parts, arrays of numbered ones. */
export function plainNode(step: PathStep, value: unknown, place?: DiffPlace): DiffNode {
  if (value instanceof Uint8Array) return valueNode(step, hexText(value), place);
  if (Array.isArray(value)) return groupNode(step, value.map((item, i) => plainNode(i, item, place)), place);
  if (typeof value === "object" && value !== null) {
    return groupNode(step, Object.entries(value).map(([name, inner]) => plainNode(name, inner, place)), place);
  }
  const isScalar = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ||
    typeof value === "string";
  return valueNode(step, isScalar ? value : null, place);
}
