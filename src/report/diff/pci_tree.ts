import { compareSpans, type SpanDifference } from "./compare_spans.ts";
import type { Both } from "./difference.ts";
import type { DiffPlace } from "./model.ts";
import { type DiffNode, groupNode } from "./node.ts";
import type { PathStep } from "./path.ts";
import { type PciRegister, pciRegisters } from "./pci_registers.ts";
import { Span } from "./span.ts";

/** Two config spaces, as trees of registers, and what differs beside the registers. */
export interface PciComparison {
  /** The registers of each side. */
  readonly registers: Both<DiffNode>;
  /** The bytes of each side without those that are a register of one of them, which are zero. */
  readonly rest: Both<Span>;
  /** What differs of `rest`. */
  readonly difference: SpanDifference | undefined;
}

/** Takes two config spaces apart; `nodes` tell where they stand. */
export function comparePciConfigs(nodes: Both<DiffNode>, bytes: Both<Uint8Array>): PciComparison {
  const registers = { a: pciRegisters(bytes.a), b: pciRegisters(bytes.b) };
  const rest = (from: Uint8Array, { place = { channel: "", offset: 0 } }: DiffNode): Span => {
    const copy = from.slice();
    for (const { offset, length } of [...registers.a, ...registers.b]) copy.fill(0, offset, offset + length);
    return new Span([{ bytes: copy, place }]);
  };
  const spans = { a: rest(bytes.a, nodes.a), b: rest(bytes.b, nodes.b) };
  return {
    registers: {
      a: groupNode(nodes.a.step, treeOf(registers.a, 0, nodes.a.place)),
      b: groupNode(nodes.b.step, treeOf(registers.b, 0, nodes.b.place)),
    },
    rest: spans,
    difference: compareSpans(spans.a, spans.b),
  };
}

/** Registers whose paths have the same name at `depth` are one group. */
function treeOf(registers: readonly PciRegister[], depth: number, base: DiffPlace | undefined): DiffNode[] {
  const groups = new Map<PathStep, PciRegister[]>();
  for (const register of registers) {
    const step = register.path[depth] ?? "";
    const group = groups.get(step);
    if (group === undefined) groups.set(step, [register]);
    else group.push(register);
  }
  return [...groups].flatMap(([step, members]) => {
    const [first] = members;
    if (first?.path.length === depth + 1) return members.map((register) => registerNode(step, register, base));
    return [groupNode(step, treeOf(members, depth + 1, base), placeOf(first, base))];
  });
}

function registerNode(step: PathStep, register: PciRegister, base: DiffPlace | undefined): DiffNode {
  const { value, length: bytes, meaning } = register;
  const leaf = { kind: "value", value, bytes, meaning: (): string | undefined => meaning } as const;
  return { step, place: placeOf(register, base), leaf };
}

function placeOf(register: PciRegister | undefined, base: DiffPlace | undefined): DiffPlace | undefined {
  return base && { channel: base.channel, offset: base.offset + (register?.offset ?? 0) };
}
