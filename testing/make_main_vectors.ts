/**
 * Makes `testdata/main_vectors.json` from section 19 of the specification of the main channel:
 * `deno run --allow-read --allow-write testing/make_main_vectors.ts ../shared/spec/main-channel.md`
 *
 * @module
 */

import type { MainVector } from "./main_vectors.ts";

/** A title with its number of bytes, then the bytes. */
const VECTOR = /^(.*?) ?\((\d+) bytes\).*\n\n```\n([0-9a-f \n]+)\n```$/gm;

function* vectorsOf(section: string): Generator<MainVector> {
  const [number = "", heading = ""] = section.split("\n", 1)[0]?.split(/ (.*)/) ?? [];
  for (const [, title = "", length, hex = ""] of section.matchAll(VECTOR)) {
    const digits = hex.replace(/\s/g, "");
    if (digits.length !== 2 * Number(length)) throw new Error(`Cannot take "${title}": it is not of ${length} bytes`);
    yield { section: number, title: title === "" ? heading : title.replaceAll("`", ""), hex: digits };
  }
  const [, text] = /^```\n(\{.*\})\n```$/m.exec(section) ?? [];
  if (text !== undefined) {
    yield { section: number, title: "Text of the description", hex: new TextEncoder().encode(text).toHex() };
  }
}

const [source = ""] = Deno.args;
const sections = Deno.readTextFileSync(source).split(/^### (?=19\.)/m).slice(1);
const vectors = sections.flatMap((section) => [...vectorsOf(section)]);
const target = new URL("../testdata/main_vectors.json", import.meta.url);
Deno.writeTextFileSync(target, `${JSON.stringify(vectors, null, 1)}\n`);
