import type { ParsedArgs } from "./command.ts";
import { UsageError } from "./exit.ts";

/** Smallest and largest page size of QEMU's targets, bytes, but for AVR's. */
const SMALLEST = 1024;
const LARGEST = 65536;
const AVR = 256;

/**
 * The value of `--page-size`, checked.
 *
 * @param args The command line of a command with that option.
 * @returns The option for whoever reads the capture; empty if it was not given.
 * @throws {UsageError} If no target has such pages.
 *
 * @example Usage
 * ```ts
 * import { pageSizeOption } from "./page_size.ts";
 * import { parseCommand } from "./parse.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = [{ name: "page-size", value: "SIZE", help: "target page size" }];
 * const definition = { name: "records", summary: "", operands: [], options, examples: [] };
 * assertEquals(pageSizeOption(parseCommand(definition, ["--page-size", "4KiB"])), { pageSize: 4096 });
 * ```
 */
export function pageSizeOption(args: ParsedArgs): { readonly pageSize?: number } {
  const pageSize = args.number("page-size");
  if (pageSize === undefined) return {};
  if (isPageSize(pageSize)) return { pageSize };
  throw new UsageError(
    `Cannot use --page-size. A page of ${pageSize} bytes is that of no target: it is a power of two from ${SMALLEST} to ` +
      `${LARGEST}, or ${AVR}`,
  );
}

function isPageSize(bytes: number): boolean {
  return bytes === AVR || (bytes >= SMALLEST && bytes <= LARGEST && Number.isInteger(Math.log2(bytes)));
}
