/** What is written to a stream of bytes. Throws `TypeError` if it is anything else, such as the text of a decoder. */
export function needBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError(`Cannot read a channel from chunks of type ${typeof chunk}: pipe in what holds bytes`);
}
