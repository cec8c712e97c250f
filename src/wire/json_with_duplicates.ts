/**
 * JSON that keeps repeated keys. QEMU's VM description repeats keys for the elements of lists (main-channel.md §8.5,
 * rule 5), and `JSON.parse` keeps only the last of them. Only objects, arrays and the separators are read here; strings,
 * numbers and literals are cut out and given to `JSON.parse`.
 *
 * @module
 */

/** An object: its members in the order of the text, repeated keys included. */
export interface JsonObject {
  /** Key and value of each member. */
  readonly members: readonly (readonly [key: string, value: Json])[];
}

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** The text is not JSON, or nested deeper than anything QEMU writes. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /** Where in the text, in UTF-16 units (bytes, as the text is ASCII). */
  readonly position: number;

  /** `problem` at `position`. */
  constructor(problem: string, position: number) {
    super(problem);
    this.position = position;
  }
}

/** Bounds the recursion. A structure inside a structure takes three levels; QEMU's deepest have about ten of those. */
const MAX_DEPTH = 300;

const SPACE = /[ \t\n\r]*/y;
const NUMBER_OR_WORD = /[-+.0-9A-Za-z]+/y;

/** Whether `value` is an object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && "members" in value;
}

/** The first member of that name. */
export function member(object: JsonObject, key: string): Json | undefined {
  return object.members.find(([name]) => name === key)?.[1];
}

/** Reads one JSON text, in time that grows with its length alone. Throws {@linkcode JsonError}. */
export function parseJsonWithDuplicates(text: string): Json {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Json {
    const next = this.#peek();
    if (next === "{") return this.#object(depth + 1);
    if (next === "[") return this.#array(depth + 1);
    if (next === '"') return this.#string();
    NUMBER_OR_WORD.lastIndex = this.#at;
    const token = NUMBER_OR_WORD.exec(this.#text)?.[0] ?? "";
    return this.#scalar(this.#at + token.length);
  }

  end(): void {
    if (this.#peek() !== "") throw new JsonError("text goes on after the value", this.#at);
  }

  /** The next character that is not space, `""` at the end. */
  #peek(): string {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
    return this.#text.charAt(this.#at);
  }

  #object(depth: number): JsonObject {
    const members: [string, Json][] = [];
    this.#list("}", depth, () => {
      if (this.#peek() !== '"') throw new JsonError("a key is missing", this.#at);
      const key = this.#string();
      if (this.#peek() !== ":") throw new JsonError("a colon is missing", this.#at);
      this.#at++;
      members.push([key, this.value(depth)]);
    });
    return { members };
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    this.#list("]", depth, () => items.push(this.value(depth)));
    return items;
  }

  /** Reads an opening bracket, what is inside, separated by commas, and the closing bracket. */
  #list(close: string, depth: number, item: () => void): void {
    if (depth > MAX_DEPTH) throw new JsonError(`more than ${MAX_DEPTH} levels`, this.#at);
    this.#at++;
    if (this.#peek() !== close) {
      item();
      while (this.#peek() === ",") {
        this.#at++;
        item();
      }
    }
    if (this.#peek() !== close) throw new JsonError(`a comma or ${close} is missing`, this.#at);
    this.#at++;
  }

  #string(): string {
    let close = this.#text.indexOf('"', this.#at + 1);
    while (close > 0 && this.#escaped(close)) close = this.#text.indexOf('"', close + 1);
    if (close < 0) throw new JsonError("a string does not end", this.#at);
    return this.#scalar(close + 1) as string;
  }

  /** A quote is part of its string when an odd number of backslashes stands before it. */
  #escaped(quote: number): boolean {
    let first = quote;
    while (this.#text.charAt(first - 1) === "\\") first--;
    return (quote - first) % 2 === 1;
  }

  /** The scalar that reaches from here to `end`. */
  #scalar(end: number): null | boolean | number | string {
    try {
      const value = JSON.parse(this.#text.slice(this.#at, end));
      this.#at = end;
      return value;
    } catch {
      throw new JsonError("no JSON value", this.#at);
    }
  }
}
