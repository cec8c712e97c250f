import { account } from "./counters.ts";

/** A method as it is found on an object. */
type Method = (this: unknown, ...args: never[]) => unknown;

/** How many bytes a call goes through, or makes: of what it is called on, its arguments, its result. */
type Cost = (self: unknown, args: readonly unknown[], result: unknown) => number;

const lengthOf = (value: unknown): number => {
  if (typeof value === "string") return value.length;
  if (Array.isArray(value)) return 8 * value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  return 0;
};

const ofSelf: Cost = (self) => lengthOf(self);
const ofFirst: Cost = (_self, [first]) => lengthOf(first);
const ofResult: Cost = (_self, _args, result) => lengthOf(result);

/** Of a search: as far as it went. */
const ofSearch: Cost = (self, [, from = 0], result) => {
  const unit = Array.isArray(self) ? 8 : 1;
  if (typeof from !== "number") return lengthOf(self);
  return (typeof result === "number" && result >= 0
    ? (result - from) * unit
    : Math.max(0, lengthOf(self) - from * unit));
};

/** Of a search from the end: as far as it went. */
const ofSearchBack: Cost = (self, _args, result) => lengthOf(self) - Math.max(0, result as number);

/** Calls whose work grows with what they are given, and that instrumentation does not see into. */
const COUNTED: readonly (readonly [object, Cost, readonly string[]])[] = [
  [Object.getPrototypeOf(Uint8Array.prototype), ofResult, ["slice"]],
  [Object.getPrototypeOf(Uint8Array.prototype), ofFirst, ["set"]],
  [Object.getPrototypeOf(Uint8Array.prototype), ofSelf, ["fill", "includes", "join"]],
  [Object.getPrototypeOf(Uint8Array.prototype), ofSearch, ["indexOf"]],
  [Object.getPrototypeOf(Uint8Array.prototype), ofSearchBack, ["lastIndexOf"]],
  [Uint8Array.prototype, ofSelf, ["toHex", "toBase64"]],
  [Uint8Array, ofResult, ["from", "of", "fromHex"]],
  [Object.getPrototypeOf(Uint8Array), ofResult, ["from", "of"]],
  [TextDecoder.prototype, ofFirst, ["decode"]],
  [TextEncoder.prototype, ofResult, ["encode"]],
  [JSON, ofFirst, ["parse"]],
  [JSON, ofResult, ["stringify"]],
  [String.prototype, ofResult, ["repeat", "padStart", "padEnd"]],
  [String.prototype, ofSelf, ["split", "replace", "replaceAll", "match", "matchAll", "search"]],
  [String.prototype, ofSearch, ["indexOf", "includes"]],
  [Array, ofResult, ["from"]],
  [Array.prototype, ofSearch, ["indexOf"]],
  [Array.prototype, ofSelf, ["includes", "splice", "toSpliced", "with", "sort", "toSorted", "reverse", "join"]],
  [Array.prototype, ofResult, ["slice", "concat", "flat"]],
];

/**
 * Counts what the runtime's own functions do for the code that is fuzzed; from now on, in the whole process.
 *
 * @returns Puts the runtime's functions back.
 */
export function countRuntime(): () => void {
  const undo: (() => void)[] = [];
  for (const [owner, cost, names] of COUNTED) {
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, name);
      if (typeof descriptor?.value !== "function") continue;
      Object.defineProperty(owner, name, { ...descriptor, value: counting(descriptor.value as Method, cost) });
      undo.push(() => Object.defineProperty(owner, name, descriptor));
    }
  }
  return () => undo.reverse().forEach((one) => one());
}

function counting(method: Method, cost: Cost): Method {
  return function (this: unknown, ...args: never[]): unknown {
    const result = Reflect.apply(method, this, args);
    account(cost(this, args, result));
    return result;
  };
}
