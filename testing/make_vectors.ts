/**
 * Makes `testdata/vectors.json` from the specification's test vectors:
 * `deno run --allow-read --allow-write testing/make_vectors.ts ../shared/spec/test-vectors.md`
 *
 * @module
 */

import { expandHex, sha256Prefix, type Vector } from "./vectors.ts";

/** Reads one `### V01 title` part of the text. */
function parseVector(part: string): Vector {
  const [heading = ""] = part.split("\n", 1);
  const id = heading.slice(0, 3);
  const row = (name: string): string => new RegExp(`^- ${name}: (.*)$`, "m").exec(part)?.[1] ?? "";
  const [, length = "", sha256 = ""] = /^- Length: (\d+); sha256 ([0-9a-f]{16})$/m.exec(part) ?? [];
  const [, code = ""] = /^```\n(.*)\n```$/m.exec(part) ?? [];
  const hex = code === "(no bytes)" ? "" : code;
  const vector = {
    id,
    title: heading.slice(4),
    length: Number(length),
    sha256,
    decoded: row("Decoded"),
    result: row("Result"),
    hex,
  };
  const bytes = expandHex(hex);
  if (bytes.length !== vector.length || sha256Prefix(bytes) !== sha256) {
    throw new Error(`Cannot take ${id}: length or hash differs from what the specification says`);
  }
  return vector;
}

const [source = ""] = Deno.args;
const parts = Deno.readTextFileSync(source).split(/^### (?=V\d\d )/m).slice(1);
const vectors = parts.map(parseVector);
const target = new URL("../testdata/vectors.json", import.meta.url);
Deno.writeTextFileSync(target, `${JSON.stringify(vectors, null, 1)}\n`);
