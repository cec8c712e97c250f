import { nodeZlib } from "./builtin.ts";
import { CaptureError } from "./capture_error.ts";
import { type ByteSource, readBytes } from "./source.ts";

/** What is unpacked must fit into memory, and a small file can unpack to a thousand times its size. */
export const GUNZIP_LIMIT: number = 1024 ** 3;

/**
 * The content of a gzip file.
 *
 * @param source The file.
 * @param name What it is called in errors.
 * @param limit Bytes of content that are taken at most.
 * @throws {CaptureError} `too-large` beyond `limit`, `compressed` if it is cut or is no gzip file.
 */
export function gunzip(source: ByteSource, name: string, limit: number = GUNZIP_LIMIT): Uint8Array {
  const tooLarge = (): CaptureError =>
    new CaptureError(
      "too-large",
      `Cannot unpack ${name}: it holds more than ${limit} bytes`,
      "unpack it with gzip -d and give the file",
    );
  if (source.size > limit) throw tooLarge();
  try {
    return nodeZlib().gunzipSync(readBytes(source, 0, source.size), { maxOutputLength: limit });
  } catch (error) {
    if (!(error instanceof Error) || error instanceof CaptureError) throw error;
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new CaptureError("compressed", `Cannot unpack ${name}: ${error.message}`, "", { cause: error });
  }
}
