/** A piece of a JSON text, and where it is. */
export interface JsonSpan {
  /** First letter. */
  readonly start: number;
  /** Behind the last one. */
  readonly end: number;
  /** Members of an object, in order; keys can come again. */
  readonly members?: readonly (readonly [key: string, value: JsonSpan])[];
  /** Items of an array. */
  readonly items?: readonly JsonSpan[];
}

/** Space, then a bracket or separator, a string, or a number or word. */
const TOKEN = /\s*([{}[\]:,]|"(?:[^"\\]|\\.)*"|[^\s{}[\]:,"]+)/ys;

/** Deeper than any description of QEMU. */
const MAX_DEPTH = 300;

/** Where the pieces of a JSON text are; undefined if it is none. */
export function jsonSpans(text: string): JsonSpan | undefined {
  return new SpanReader(text).value(0);
}

class SpanReader {
  readonly #text: string;
  #token = "";
  #start = 0;
  #end = 0;

  constructor(text: string) {
    this.#text = text;
    this.#next();
  }

  /** The value that begins with this token; the next token is then the one behind it. */
  value(depth: number): JsonSpan | undefined {
    const [start, token] = [this.#start, this.#token];
    if (token === "" || "}],:".includes(token) || depth > MAX_DEPTH) return undefined;
    if (token === "{") return this.#object(start, depth + 1);
    if (token === "[") return this.#array(start, depth + 1);
    const end = this.#end;
    this.#next();
    return { start, end };
  }

  #object(start: number, depth: number): JsonSpan | undefined {
    const members: [string, JsonSpan][] = [];
    const end = this.#list("}", () => {
      const key = this.#token;
      this.#next();
      if (!key.startsWith('"') || !this.#passes(":")) return false;
      const value = this.value(depth);
      if (value !== undefined) members.push([textOf(key), value]);
      return value !== undefined;
    });
    return end === undefined ? undefined : { start, end, members };
  }

  #array(start: number, depth: number): JsonSpan | undefined {
    const items: JsonSpan[] = [];
    const end = this.#list("]", () => {
      const value = this.value(depth);
      if (value !== undefined) items.push(value);
      return value !== undefined;
    });
    return end === undefined ? undefined : { start, end, items };
  }

  /** Reads items up to the closing bracket: where it ends, undefined if something else comes. */
  #list(close: string, item: () => boolean): number | undefined {
    this.#next();
    if (this.#token !== close) {
      do if (!item()) return undefined; while (this.#passes(","));
    }
    const end = this.#end;
    return this.#passes(close) ? end : undefined;
  }

  #passes(token: string): boolean {
    if (this.#token !== token) return false;
    this.#next();
    return true;
  }

  #next(): void {
    TOKEN.lastIndex = this.#end;
    this.#token = TOKEN.exec(this.#text)?.[1] ?? "";
    if (this.#token !== "") this.#end = TOKEN.lastIndex;
    this.#start = this.#end - this.#token.length;
  }
}

function textOf(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}

/** The first member of that name. */
export function memberSpan(span: JsonSpan | undefined, key: string): JsonSpan | undefined {
  return span?.members?.find(([name]) => name === key)?.[1];
}
