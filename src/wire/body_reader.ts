import { type Cursor, Incomplete } from "../bytes/mod.ts";
import { isScalar, naturalSize, readLeaf, readScalars } from "./body_leaf.ts";
import type { BodyNode } from "./body_node.ts";
import { runsOf } from "./field_runs.ts";
import type { FindingDraft } from "./finding.ts";
import type { FieldDescription, VmsdDescription } from "./vm_description.ts";

/** The byte that stands for a NULL among an array's pointers. */
const NULL_MARKER = 0x30;
/** The byte before a subsection. */
const SUBSECTION = 0x05;

/** The bytes are not what the description says. */
export class BodyMisfit extends Error {
  override readonly name = "BodyMisfit";
}

/** Reads vmstate bodies by their descriptions. */
export class BodyReader {
  /** What did not fit and was kept as bytes. */
  readonly findings: FindingDraft[] = [];
  readonly #cursor: Cursor;
  readonly #hiddenNulls: boolean;
  /** Nodes that may still be made: a description of empty fields must not cost more than the body has bytes for. */
  #left: number;

  /**
   * A reader of the bytes that `cursor` has.
   *
   * @param hiddenNulls Take a byte 0x30 at the place of an array's element for a NULL that the description does not
   * mention, as QEMU up to 9.2 writes it, and do not trust sizes. Wrong for an array of numbers that begin so, hence not
   * the first reading to try.
   */
  constructor(cursor: Cursor, hiddenNulls: boolean) {
    this.#cursor = cursor;
    this.#hiddenNulls = hiddenNulls;
    this.#left = 4096 + 8 * cursor.available;
  }

  /** Reads fields and subsections into `into`. Throws {@linkcode BodyMisfit}, or `Incomplete` when bytes are missing. */
  vmsd(vmsd: VmsdDescription, into: BodyNode[]): void {
    for (const run of runsOf(vmsd.fields)) {
      const [{ field, count }] = run.parts;
      if (!run.array) into.push(this.#field(field, run.name));
      else if (run.parts.length === 1 && this.#isRow(field)) into.push(this.#row(field, count));
      else into.push(this.#group(run.name, "array", {}, (children) => this.#elements(run.parts, children)));
    }
    for (const subsection of vmsd.subsections) into.push(this.#subsection(subsection));
  }

  #spend(): void {
    if (this.#left-- <= 0) throw new BodyMisfit("has far fewer bytes than its description has fields");
  }

  #leaf(name: string, type: string, size: number): BodyNode {
    this.#spend();
    const offset = this.#cursor.pos;
    const value = readLeaf(this.#cursor, type, size);
    return { name, type, offset, length: this.#cursor.pos - offset, value };
  }

  #group(name: string, type: string, vmsd: Partial<VmsdDescription>, read: (children: BodyNode[]) => void): BodyNode {
    this.#spend();
    const offset = this.#cursor.pos;
    const children: BodyNode[] = [];
    read(children);
    const { vmsdName, version } = vmsd;
    return {
      name,
      type,
      offset,
      length: this.#cursor.pos - offset,
      children,
      ...(vmsdName === undefined ? {} : { vmsdName }),
      ...(version === undefined ? {} : { version }),
    };
  }

  /** Whether the array is numbers one after the other, without marks between them. */
  #isRow(field: FieldDescription): boolean {
    return isScalar(field.type) && naturalSize(field.type) === field.size && !(this.#hiddenNulls && field.size > 1);
  }

  #row(field: FieldDescription, count: number): BodyNode {
    this.#spend();
    const offset = this.#cursor.pos;
    const value = readScalars(this.#cursor, field.type, count);
    return { name: field.name, type: field.type, offset, length: this.#cursor.pos - offset, value };
  }

  #elements(parts: readonly { field: FieldDescription; count: number }[], into: BodyNode[]): void {
    let index = 0;
    for (const { field, count } of parts) {
      for (let i = 0; i < count; i++) {
        const start = this.#cursor.pos;
        const element = this.#element(field, `[${index}]`);
        into.push(element);
        // A mark that says "here comes the element" is not an element of its own.
        if (!(field.type === "ptr-marker" && element.value !== NULL_MARKER)) index++;
        // Elements of no bytes are all alike: one stands for as many as the description may claim.
        if (this.#cursor.pos === start) break;
      }
    }
  }

  /** An array's element: as described, or the NULL byte in its place that QEMU up to 9.2 describes as an element. */
  #element(field: FieldDescription, name: string): BodyNode {
    const empty = field.struct !== undefined && field.struct.fields.length === 0;
    const described = field.size === 1 && (empty || (naturalSize(field.type) ?? 1) !== 1);
    const hidden = this.#hiddenNulls && field.size > 1;
    if ((described || hidden) && this.#next() === NULL_MARKER) return this.#leaf(name, "nullptr", 1);
    return this.#field(field, name);
  }

  #next(): number | undefined {
    this.#cursor.need(1);
    return this.#cursor.bytes[this.#cursor.pos];
  }

  #field(field: FieldDescription, name: string): BodyNode {
    const { type, struct, inline } = field;
    const [inner] = inline;
    if (type === "qtailq" || type === "qlist") return this.#inside(field, name, {}, (into) => this.#list(inline, into));
    if (type === "gtree") return this.#inside(field, name, {}, (into) => this.#tree(inline, into));
    if (struct !== undefined) return this.#inside(field, name, struct, (into) => this.vmsd(struct, into));
    if (inner !== undefined && inline.length === 1) {
      return this.#inside(field, name, inner, (into) => this.vmsd(inner, into));
    }
    return this.#leaf(name, type, this.#hiddenNulls ? naturalSize(type) ?? field.size : field.size);
  }

  /** A field made of others. If they do not fill its size exactly it is kept as bytes. */
  #inside(
    field: FieldDescription,
    name: string,
    vmsd: Partial<VmsdDescription>,
    read: (into: BodyNode[]) => void,
  ): BodyNode {
    const { type, size } = field;
    if (this.#hiddenNulls) return this.#group(name, type, vmsd, read);
    const cursor = this.#cursor;
    cursor.need(size);
    const start = cursor.pos;
    const outerEnd = cursor.end;
    cursor.end = start + size;
    try {
      const node = this.#group(name, type, vmsd, read);
      if (node.length === size) return node;
    } catch (error) {
      if (!(error instanceof BodyMisfit || error instanceof Incomplete)) throw error;
    } finally {
      cursor.end = outerEnd;
    }
    cursor.pos = start;
    this.findings.push({
      severity: "warning",
      code: "device-body",
      offset: start,
      field: field.name,
      message: `${field.name} has not the parts that are described in its ${size} bytes`,
    });
    return this.#leaf(name, "rest", size);
  }

  /** 01 and an element, as often as there are elements, then 00. */
  #list(elements: readonly VmsdDescription[], into: BodyNode[]): void {
    for (const [i, vmsd] of elements.entries()) {
      into.push(this.#group(`[${i}]`, "element", vmsd, (children) => {
        children.push(this.#more(true));
        this.vmsd(vmsd, children);
      }));
    }
    into.push(this.#more(false));
  }

  /** The number of entries, then 01, key and value for each, then 00. Keys that are not structures are not described. */
  #tree(parts: readonly VmsdDescription[], into: BodyNode[]): void {
    const count = this.#leaf("count", "uint32", 4);
    into.push(count);
    const direct = parts.length === count.value;
    if (!direct && parts.length / 2 !== count.value) throw new BodyMisfit("has a tree of another size than described");
    for (let i = 0; i < parts.length; i += direct ? 1 : 2) {
      const [first, second] = [parts[i], parts[i + 1]];
      const [key, value] = direct ? [undefined, first] : [first, second];
      into.push(this.#group(`[${into.length - 1}]`, "element", {}, (children) => {
        children.push(this.#more(true));
        if (key === undefined) children.push(this.#leaf("key", "uint64", 8));
        else children.push(this.#group("key", "struct", key, (fields) => this.vmsd(key, fields)));
        if (value !== undefined) {
          children.push(this.#group("value", "struct", value, (fields) => this.vmsd(value, fields)));
        }
      }));
    }
    into.push(this.#more(false));
  }

  /** The byte that says whether a list goes on. */
  #more(expected: boolean): BodyNode {
    const node = this.#leaf("more", "uint8", 1);
    if ((node.value !== 0) !== expected) throw new BodyMisfit("has a list of another length than described");
    return node;
  }

  #subsection(vmsd: VmsdDescription): BodyNode {
    const expected = vmsd.vmsdName ?? "";
    return this.#group(expected, "subsection", vmsd, (children) => {
      const mark = this.#leaf("type", "uint8", 1);
      if (mark.value !== SUBSECTION) throw new BodyMisfit(`has no subsection ${expected}`);
      const name = this.#leaf("name", "cstr8", 0);
      if (name.value !== expected) throw new BodyMisfit(`has a subsection ${name.value} instead of ${expected}`);
      const version = this.#leaf("version", "uint32", 4);
      if (version.value !== vmsd.version) {
        this.findings.push({
          severity: "warning",
          code: "device-body",
          offset: version.offset,
          field: expected,
          message: `subsection ${expected} has version ${version.value}, described is version ${vmsd.version}`,
        });
      }
      children.push(mark, name, version);
      this.vmsd(vmsd, children);
    });
  }
}
