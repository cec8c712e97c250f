/** The inputs that are kept in `testdata/fuzz/`: a file for each target, a line of base64 for each input. @module */

/** Where they are. */
export const CORPUS: URL = new URL("../../../testdata/fuzz/", import.meta.url);

/** The inputs of a target; none if there is no file, or it may not be read. */
export function readCorpus(name: string, folder: URL = CORPUS): Uint8Array<ArrayBuffer>[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(new URL(`${name}.base64`, folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
  return text.trimEnd().split("\n").map((line) => Uint8Array.fromBase64(line));
}

/** Writes the inputs of a target, the shortest first. */
export function writeCorpus(name: string, inputs: readonly Uint8Array[], folder: URL = CORPUS): void {
  const sorted = inputs.map((bytes) => bytes.toBase64()).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(new URL(`${name}.base64`, folder), `${sorted.join("\n")}\n`);
}
