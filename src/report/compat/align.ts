import type { DumpLeaf, StreamLeaf } from "./leaves.ts";

/** How a place of the stream's body and one of what is read go together. */
export type Step =
  /** Both are there; `renamed` if only by their size. */
  | { readonly kind: "both"; readonly stream: StreamLeaf; readonly dump: DumpLeaf; readonly fit: Fit }
  /** One passes over unused bytes where the other has fields. */
  | { readonly kind: "unused" }
  /** In the stream, and not read. */
  | { readonly kind: "added"; readonly stream: StreamLeaf }
  /** Read, and not in the stream. */
  | { readonly kind: "missing"; readonly dump: DumpLeaf };

/** How well two fields go together. */
export type Fit = "same" | "renamed" | "resized";

/** Encodings that have as many bytes on the wire as in memory. */
const FIXED = /^(bool|u?int(8|16|32|64)( equal| le)?|pci config|pci irq state|unused_buffer)$/;

/** Encodings of which the dump says 0 bytes where the size is found at run time. */
const BUFFERS = ["buffer", "unused_buffer"];

/** What a difference costs: the cheapest explanation of all is taken. */
const COST = { resized: 6, added: 4, missing: 4, unused: 0.5, optional: 0.01, read: 0.001 } as const;

/** What it costs that a field has another name: little if one name holds the other, much if its own name is there too. */
const RENAMED = { alike: 2.5, other: 3, elsewhere: 7 } as const;

/** Fields that unused bytes can stand for. */
const UNUSED_RUN = 64;

/** Pairs that are looked at: real bodies have up to a few hundred fields. */
const CELLS = 1_000_000;

/**
 * Puts what is in the stream beside what is read, in their order, with as few differences as can be.
 *
 * @returns Undefined if there is too much to compare.
 */
export function align(stream: readonly StreamLeaf[], dump: readonly DumpLeaf[]): Step[] | undefined {
  const columns = dump.length + 1;
  const names = { stream: new Set(stream.map(({ name }) => name)), dump: new Set(dump.map(({ field }) => field.name)) };
  const renamed = ({ name }: StreamLeaf, { field: { name: other } }: DumpLeaf): number => {
    if (names.dump.has(name) || names.stream.has(other)) return RENAMED.elsewhere;
    return name.includes(other) || other.includes(name) ? RENAMED.alike : RENAMED.other;
  };
  if ((stream.length + 1) * columns > CELLS) return undefined;
  const best = new Float64Array((stream.length + 1) * columns).fill(Infinity);
  /** The steps that lead there, as how many of the stream and of the dump they take. */
  const from = new Uint8Array(best.length * 2);
  best[0] = 0;
  const at = (i: number, j: number): number => best[i * columns + j] ?? Infinity;
  for (let i = 0; i <= stream.length; i++) {
    for (let j = 0; j <= dump.length; j++) {
      const here = at(i, j);
      if (here === Infinity) continue;
      const go = (takes: number, reads: number, cost: number): void => {
        const cell = (i + takes) * columns + j + reads;
        if (here + cost >= (best[cell] ?? Infinity)) return;
        best[cell] = here + cost;
        from[2 * cell] = takes;
        from[2 * cell + 1] = reads;
      };
      const a = stream[i];
      const b = dump[j];
      if (a !== undefined) go(1, 0, COST.added);
      if (b !== undefined) go(0, 1, b.optional || isEmpty(b) ? COST.optional : COST.missing);
      if (a === undefined || b === undefined) continue;
      const fit = fitOf(a, b);
      if (fit === "same") go(1, 1, b.optional ? COST.read : 0);
      else if (fit === "resized") go(1, 1, COST.resized);
      else if (fit === "renamed") go(1, 1, renamed(a, b));
      if (isUnused(b)) coverage(stream, i, bytesOf(b), (leaf) => leaf.bytes, (n) => go(n, 1, COST.unused));
      if (a.type === "unused_buffer") coverage(dump, j, a.bytes, bytesOf, (n) => go(1, n, COST.unused));
    }
  }
  return trace(stream, dump, from);
}

function trace(stream: readonly StreamLeaf[], dump: readonly DumpLeaf[], from: Uint8Array): Step[] {
  const steps: Step[] = [];
  let [i, j] = [stream.length, dump.length];
  while (i > 0 || j > 0) {
    const cell = 2 * (i * (dump.length + 1) + j);
    const [takes = 0, reads = 0] = [from[cell], from[cell + 1]];
    const [a, b] = [stream[i - takes], dump[j - reads]];
    i -= takes;
    j -= reads;
    if (takes === 0 && b !== undefined) steps.push({ kind: "missing", dump: b });
    else if (reads === 0 && a !== undefined) steps.push({ kind: "added", stream: a });
    else if (a !== undefined && b !== undefined) {
      const fit = takes === 1 && reads === 1 ? fitOf(a, b) : undefined;
      steps.push(fit === undefined ? { kind: "unused" } : { kind: "both", stream: a, dump: b, fit });
    }
  }
  return steps.reverse();
}

/** Tells `take` how many of `leaves` from `start` on have `bytes` in all, if some do. */
function coverage<T>(
  leaves: readonly T[],
  start: number,
  bytes: number,
  size: (leaf: T) => number,
  take: (number: number) => void,
): void {
  let sum = 0;
  for (let n = 1; n <= UNUSED_RUN && sum < bytes; n++) {
    const leaf = leaves[start + n - 1];
    if (leaf === undefined) return;
    sum += size(leaf);
    if (sum === bytes) take(n);
  }
}

/** Whether, and how, a field of the stream is what is read. */
function fitOf(a: StreamLeaf, b: DumpLeaf): Fit | undefined {
  const sameName = a.name === b.field.name || plain(a.name) === b.field.name;
  const sameSize = hasSize(a, b);
  if (sameName) return sameSize === false ? "resized" : "same";
  // By its size alone: only where the dump tells it.
  return sameSize === true && b.field.vmsd === undefined && a.elements.length === 0 ? "renamed" : undefined;
}

/** QEMU numbers fields of one name in its descriptions, and not in its dumps. */
function plain(name: string): string {
  return name.replace(/\[\d+\]$/, "");
}

/** Whether the sizes are the same; undefined if it cannot be told. */
function hasSize(a: StreamLeaf, { field: { size, count, vmsd } }: DumpLeaf): boolean | undefined {
  if (count !== undefined && count !== (a.count ?? 1)) return false;
  if (vmsd !== undefined) return undefined;
  // What is not used any more may have been an array.
  if (a.type === "unused_buffer" && count === undefined && size > 0 && a.bytes % size === 0) return true;
  if (BUFFERS.includes(a.type)) return size === 0 ? undefined : size * (count ?? 1) === a.bytes;
  if (!FIXED.test(a.type)) return undefined;
  if (size === a.size) return true;
  // The size of a pointer to the number, or one that QEMU computes.
  return size === 0 || (size === 8 && a.count !== undefined) ? undefined : false;
}

function isUnused({ field: { name } }: DumpLeaf): boolean {
  return name === "unused";
}

/** An array of none, or a check without bytes. */
function isEmpty({ field: { count } }: DumpLeaf): boolean {
  return count === 0;
}

function bytesOf({ field: { size, count = 1 } }: DumpLeaf): number {
  return size * count;
}
