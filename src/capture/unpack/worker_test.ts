import { assertEquals, assertMatch } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { haveProgram } from "../files_for_test.ts";
import { ASK, ASKS, LAST, LENGTH, type Task, TURN, WORDS_BYTES } from "./worker.ts";

const SOURCE = new URL("worker_for_test.ts", import.meta.url);
const ignore = Deno.permissions.querySync({ name: "read", path: SOURCE }).state !== "granted";

/** Longer than a block of the tests, so that it comes in several. */
const TEXT = new TextEncoder().encode("the guest runs at the source; ".repeat(1000));

/** An input that is the last of a frame. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly last?: boolean;
}

/** Plays whoever reads: gives `inputs`, takes all output, as long as `wants` says so. */
async function unpacked(
  by: Task["by"],
  inputs: readonly Frame[],
  wants: (outputs: number) => boolean = () => true,
): Promise<{ readonly bytes: Uint8Array; readonly asks: readonly number[]; readonly failure: string }> {
  const memory = new SharedArrayBuffer(WORDS_BYTES + 4096);
  const [words, block] = [new Int32Array(memory, 0, WORDS_BYTES / 4), new Uint8Array(memory, WORDS_BYTES)];
  const worker = new Worker(SOURCE, { type: "module" });
  const ended = new Promise((resolve) => worker.onmessage = resolve);
  words[TURN] = 1;
  worker.postMessage({ memory, by } satisfies Task);
  const queue = inputs.flatMap(({ bytes, last = false }) => {
    const parts = Array.from({ length: Math.ceil(bytes.length / block.length) }, (_, i) => i * block.length);
    return parts.map((at, i) => ({
      part: bytes.subarray(at, at + block.length),
      isLast: last && i === parts.length - 1,
    }));
  });
  const give = (turn: number): void => {
    Atomics.store(words, TURN, turn);
    Atomics.notify(words, TURN);
  };
  const [outputs, asks]: [Uint8Array[], number[]] = [[], []];
  let failure = "";
  while (true) {
    while (Atomics.load(words, TURN) === 1) await new Promise((resolve) => setTimeout(resolve, 0));
    const [ask = 0, length = 0] = [words[ASK], words[LENGTH]];
    if (asks.at(-1) !== ask) asks.push(ask);
    if (ask === ASKS.input) {
      const { part = new Uint8Array(0), isLast = false } = queue.shift() ?? {};
      block.set(part);
      words[LENGTH] = part.length;
      words[LAST] = isLast ? 1 : 0;
    } else if (ask === ASKS.output) outputs.push(block.slice(0, length));
    else {
      if (ask === ASKS.failure) failure = new TextDecoder().decode(block.slice(0, length));
      break;
    }
    if (!wants(outputs.length)) break;
    give(1);
  }
  give(2);
  await ended;
  worker.terminate();
  return { bytes: concat(outputs), asks, failure };
}

const workerTest = (name: string, fn: () => Promise<void>, isLeftOut = false): void =>
  Deno.test({ name, ignore: ignore || isLeftOut, fn });

workerTest("the worker unpacks what the runtime can, block by block, and says when it is at the end", async () => {
  const gzip = await unpacked({ runtime: "gzip" }, [{ bytes: gzipSync(TEXT) }]);
  assertEquals([gzip.bytes, gzip.asks.at(-1), gzip.failure], [TEXT, ASKS.end, ""]);
  const packed = zstdCompressSync(TEXT);
  const zstd = await unpacked({ runtime: "zstd" }, [{ bytes: packed, last: true }, { bytes: packed, last: true }]);
  assertEquals([zstd.bytes, zstd.asks.at(-1)], [concat([TEXT, TEXT]), ASKS.end]);
  assertEquals((await unpacked({ runtime: "gzip" }, [])).asks, [ASKS.input, ASKS.end]);
});

workerTest("the worker gives the decompressor's words for what is damaged, after what came before", async () => {
  const damaged = gzipSync(TEXT);
  damaged.fill(0xff, 20, 30);
  const { failure, asks } = await unpacked({ runtime: "gzip" }, [{ bytes: damaged }]);
  assertEquals(asks.at(-1), ASKS.failure);
  assertMatch(failure, /^Error\n./);
  const cut = gzipSync(TEXT).subarray(0, -6);
  const rest = await unpacked({ runtime: "gzip" }, [{ bytes: cut }]);
  assertEquals([rest.bytes, rest.asks.at(-1)], [TEXT, ASKS.failure]);
  assertMatch(rest.failure, /unexpected end/);
});

workerTest("the worker ends when nobody wants more, whatever it waits for", async () => {
  const text = new Uint8Array(1_000_000);
  const some = await unpacked({ runtime: "gzip" }, [{ bytes: gzipSync(text) }], (outputs) => outputs < 2);
  assertEquals(some.bytes, new Uint8Array(2 * 4096));
  assertEquals((await unpacked({ runtime: "zstd" }, [], () => false)).asks, [ASKS.input]);
});

workerTest("the worker unpacks with a program, and gives the words of one that fails", async () => {
  const { bytes, asks } = await unpacked({ program: "gzip" }, [{ bytes: gzipSync(TEXT) }]);
  assertEquals([bytes, asks.at(-1)], [TEXT, ASKS.end]);
  const failed = await unpacked({ program: "gzip" }, [{ bytes: TEXT }]);
  assertEquals(failed.asks.at(-1), ASKS.failure);
  assertMatch(failed.failure, /^Error\n.*not in gzip format/);
  const gone = await unpacked({ program: "migwire-no-such-program" }, [{ bytes: TEXT }]);
  assertMatch(gone.failure, /^NotFound\n/);
}, !haveProgram("gzip"));
