/**
 * Reads a stream to its end.
 *
 * @param stream The stream; it is used up.
 * @returns All its bytes.
 *
 * @example Usage
 * ```ts
 * import { toBytes } from "@std/streams/to-bytes";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]);
 * assertEquals(await toBytes(stream), new Uint8Array([1, 2]));
 * ```
 */
export function toBytes(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  return new Response(stream as BodyInit).bytes();
}
