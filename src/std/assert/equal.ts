import { Buffer } from "node:buffer";

/** Pairs of objects whose comparison has begun: met again, they are taken as equal, which ends cycles. */
type Begun = Map<object, Set<object>>;

/**
 * Whether two values have the same structure.
 *
 * As in the real package: `NaN` equals itself, `0` equals `-0`, a missing property is not an `undefined` one, the order
 * of maps and sets does not count, and values of different classes differ. Unlike there, boxed primitives and the
 * lengths of sparse arrays are compared too.
 *
 * @param left One value.
 * @param right The other value.
 * @returns Whether they are equal.
 * @throws {TypeError} For two weak collections: nobody can see inside.
 *
 * @example Usage
 * ```ts
 * import { assert, equal } from "@std/assert";
 *
 * assert(equal({ pages: new Uint8Array([1, 2]) }, { pages: new Uint8Array([1, 2]) }));
 * assert(!equal({ a: undefined }, {}));
 * ```
 */
export function equal(left: unknown, right: unknown): boolean {
  return compare(left, right, new Map());
}

function compare(left: unknown, right: unknown, begun: Begun): boolean {
  // `===` takes 0 and -0 as the same, `Object.is` does so for NaN.
  if (left === right || Object.is(left, right)) return true;
  if (!isObject(left) || !isObject(right)) return false;
  if (constructorOf(left) !== constructorOf(right)) return false;

  const partners = begun.get(left);
  if (partners?.has(right)) return true;
  if (partners) partners.add(right);
  else begun.set(left, new Set([right]));

  if (left instanceof WeakMap || left instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${left.constructor.name} instances`);
  }
  if (left instanceof WeakRef) {
    return compare(left.deref(), (right as WeakRef<object>).deref(), begun);
  }
  if (left instanceof Date) {
    return Object.is(left.getTime(), (right as Date).getTime());
  }
  if (left instanceof RegExp || left instanceof URL) {
    return String(left) === String(right);
  }
  if (ArrayBuffer.isView(left)) {
    return sameElements(left, right as ArrayBufferView);
  }
  if (left instanceof Map) {
    return sameMembers(left, right as Map<unknown, unknown>, begun);
  }
  if (left instanceof Set) {
    return sameMembers(left, right as Set<unknown>, begun);
  }
  if (left instanceof ArrayBuffer) {
    return sameElements(
      new Uint8Array(left),
      new Uint8Array(right as ArrayBuffer),
    );
  }
  if (isBoxed(left) && !Object.is(left.valueOf(), right.valueOf())) {
    return false;
  }
  if (Array.isArray(left) && left.length !== (right as unknown[]).length) {
    return false;
  }
  return sameProperties(left, right, begun);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Objects without a prototype count as plain objects. */
function constructorOf(value: object): unknown {
  return Object.getPrototypeOf(value) === null ? Object : value.constructor;
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String ||
    value instanceof Boolean ||
    value instanceof BigInt || value instanceof Symbol;
}

function sameElements(left: ArrayBufferView, right: ArrayBufferView): boolean {
  if (left.byteLength !== right.byteLength) return false;
  const same = Buffer.compare(bytesOf(left), bytesOf(right)) === 0;
  const isFloat = left instanceof Float32Array ||
    left instanceof Float64Array ||
    left instanceof Float16Array;
  if (same || !isFloat) return same;
  // The same number can have several bit patterns: 0 and -0, the many NaNs.
  const others = right as typeof left;
  return left.every((value, index) => value === others[index] || Object.is(value, others[index]));
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameMembers(
  left: Map<unknown, unknown> | Set<unknown>,
  right: Map<unknown, unknown> | Set<unknown>,
  begun: Begun,
): boolean {
  if (left.size !== right.size) return false;
  // Members with an identical partner go first: the search below is quadratic.
  const loose: unknown[] = [];
  const open = new Set<unknown>(right.keys());
  for (const member of left.keys()) {
    if (!open.delete(member)) loose.push(member);
    else if (!sameValueAt(left, member, right, member, begun)) return false;
  }
  return loose.every((member) => {
    for (const candidate of open) {
      if (
        compare(member, candidate, begun) &&
        sameValueAt(left, member, right, candidate, begun)
      ) return open.delete(candidate);
    }
    return false;
  });
}

function sameValueAt(
  left: Map<unknown, unknown> | Set<unknown>,
  leftKey: unknown,
  right: Map<unknown, unknown> | Set<unknown>,
  rightKey: unknown,
  begun: Begun,
): boolean {
  if (left instanceof Set || right instanceof Set) return true;
  return compare(left.get(leftKey), right.get(rightKey), begun);
}

function sameProperties(
  left: object,
  right: object,
  begun: Begun,
): boolean {
  const keys = propertiesOf(left);
  if (keys.length !== propertiesOf(right).length) return false;
  return keys.every((key) =>
    key in right &&
    compare(Reflect.get(left, key), Reflect.get(right, key), begun)
  );
}

function propertiesOf(value: object): PropertyKey[] {
  const keys: PropertyKey[] = Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
  // What tells two errors apart is not enumerable.
  if (value instanceof Error) keys.push("name", "message", "stack", "cause");
  return keys;
}
