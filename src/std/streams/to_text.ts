/**
 * Reads a stream of UTF-8 or of strings to its end.
 *
 * @param stream The stream; it is used up.
 * @returns All its text.
 *
 * @example Usage
 * ```ts
 * import { toText } from "@std/streams/to-text";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await toText(ReadableStream.from(["mig", "wire"])), "migwire");
 * ```
 */
export async function toText(
  stream: ReadableStream<string | Uint8Array>,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    // A string ends whatever character the bytes before it had begun.
    text += typeof chunk === "string" ? decoder.decode() + chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
