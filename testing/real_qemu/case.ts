import { within } from "./deadline.ts";

/** One thing that must hold. */
export interface Case {
  /** `10.0 multifd 2 zlib`. */
  readonly name: string;
  /** Does it in a folder of its own below `folder`; gives what was seen. Throws if it does not hold. */
  run(folder: string): Promise<string>;
}

const CASE_LIMIT = 90_000;

/**
 * Runs the cases, some at a time, and prints a line for each.
 *
 * @param workers How many at a time; `limit` is milliseconds that each may take.
 * @returns How many passed and failed.
 */
export async function runCases(
  cases: readonly Case[],
  { folder, workers, limit = CASE_LIMIT }: {
    readonly folder: string;
    readonly workers: number;
    readonly limit?: number;
  },
): Promise<{ readonly passed: number; readonly failed: number }> {
  const waiting = [...cases];
  let [passed, failed] = [0, 0];
  const work = async (): Promise<void> => {
    for (let next: Case | undefined; (next = waiting.shift()) !== undefined;) {
      const start = performance.now();
      const time = (): string => `(${((performance.now() - start) / 1000).toFixed(1)} s)`;
      try {
        const seen = await within(limit, "the case to end", next.run(folder));
        console.log(`ok    ${next.name}: ${seen} ${time()}`);
        passed++;
      } catch (error) {
        console.log(`FAIL  ${next.name} ${time()}\n${indented(error)}`);
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return { passed, failed };
}

function indented(error: unknown): string {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return text.replaceAll(/^/gm, "      ");
}
