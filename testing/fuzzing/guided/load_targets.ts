import type { Target } from "./target.ts";
import { installHooks } from "./counters.ts";
import { instrument } from "./instrument.ts";

/** The targets, instrumented. */
export interface InstrumentedTargets {
  /** They. */
  readonly targets: readonly Target[];
  /** Blocks that are counted. */
  readonly blocks: number;
  /** Numbers and texts that stand in the project's code. */
  readonly literals: readonly (string | number | bigint)[];
}

/** What is counted: the project's code, but not what stands in for JSR's, nor the text of a worker, which runs elsewhere. */
const COUNTED = /^(src|cli)\/(?!std\/|capture\/unpack\/worker\.ts)/;

let loading: Promise<InstrumentedTargets> | undefined;

/**
 * Bundles the targets with all that they use, instruments that, and loads it; once. Needs permission to run Deno.
 *
 * @throws {Error} If they cannot be bundled.
 */
export function loadTargets(): Promise<InstrumentedTargets> {
  return loading ??= load();
}

async function load(): Promise<InstrumentedTargets> {
  const code = await bundled(new URL("../targets/mod.ts", import.meta.url));
  const { text, blocks, literals } = instrument(code, counts(code));
  installHooks();
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    const { TARGETS } = await import(url) as { readonly TARGETS: readonly Target[] };
    return { targets: TARGETS, blocks, literals };
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function bundled(entry: URL): Promise<string> {
  const project = new URL("../../../", import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", entry.href],
    cwd: project,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`Cannot bundle the targets: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Whether a place of a bundle is counted: before the text of each file stands its path, in a comment. */
function counts(code: string): (offset: number) => boolean {
  const starts = Array.from(code.matchAll(/^\/\/ (\S+\.\w+)$/gm), ({ index, 1: path = "" }) => ({
    index,
    is: COUNTED.test(path),
  }));
  return (offset) => {
    let low = 0;
    for (let high = starts.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((starts[middle]?.index ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return starts[low - 1]?.is ?? false;
  };
}
