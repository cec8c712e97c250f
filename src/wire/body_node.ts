import type { FindingDraft } from "./finding.ts";

/** A number in a leaf of a body; `true` and `false` stand for the bytes 1 and 0 of a bool, other bytes stay numbers. */
export type BodyScalar = number | bigint | boolean;

/** What a leaf says: a number, several of them, text, or bytes as they are. */
export type BodyValue = BodyScalar | readonly BodyScalar[] | string | Uint8Array;

/**
 * A piece of a device body. The leaves (nodes without `children`) tile the body; the others group them. All that the
 * bytes say is in the leaves' values.
 */
export interface BodyNode {
  /** Name of the field; `[3]` for an element of an array. */
  readonly name: string;
  /** QEMU's name of the encoding, or `array`, `element`, `subsection`, `cstr8`, and `rest` for what is not described. */
  readonly type: string;
  /** First byte, counted from the start of the body. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
  /** What a leaf says. `Uint8Array` where the description does not tell what is inside. */
  readonly value?: BodyValue;
  /** What a group consists of. */
  readonly children?: readonly BodyNode[];
  /** Name of the vmsd that describes the children. */
  readonly vmsdName?: string;
  /** Version of the children's layout. */
  readonly version?: number;
}

/** A device body, taken apart. */
export interface DeviceBody {
  /** Name of the vmsd that describes it. */
  readonly vmsdName?: string;
  /** Version of its layout. */
  readonly version?: number;
  /** Number of bytes. */
  readonly length: number;
  /** Fields, then subsections. */
  readonly children: readonly BodyNode[];
  /** Where the bytes are not what the description says; offsets count from the start of the body. */
  readonly findings: readonly FindingDraft[];
}
