import { assert, assertEquals } from "@std/assert";
import { NaiveLoader } from "../../../testing/naive_loader.ts";
import { randomNumbers } from "../../../testing/random.ts";
import { DeviceLoader } from "./device_loader.ts";

const SEQUENCES = 100_000;

/** Gives numbers from 0 up to the one given, without it. */
type Random = (below: number) => number;

/** The same device twice: the engine, and what the specification says. */
class Pair {
  readonly #naive: NaiveLoader;
  readonly #loader: DeviceLoader<number>;
  readonly #log: string[] = [];
  /** Bytes that the device is asked to take. */
  #asked = 0;
  #started = false;

  constructor(gate: boolean, maxBytes: number, maxBuffers: number) {
    this.#naive = new NaiveLoader({ gate, maxBytes, maxBuffers });
    const log = this.#log;
    this.#loader = new DeviceLoader<number>({ name: "d", gate, limits: { bytes: maxBytes, buffers: maxBuffers } }, {
      write: (idx, _data, from, length) => {
        this.#asked = length - from;
        log.push(`write ${idx} ${from}..${length}`);
      },
      loadConfig: (idx) => log.push(`config ${idx}`),
      starved: (idx) => log.push(`starved ${idx}`),
      loaded: (idx) => log.push(`loaded ${idx}`),
      gated: () => log.push("gated"),
      failed: ({ code }) => log.push(`failed ${code}`),
    });
  }

  packet(idx: number, length: number, config: boolean): void {
    const refused = this.#loader.packet({ idx, length, config, data: idx });
    this.#same(refused?.code, this.#naive.packet({ idx, length, config }));
  }

  start(): void {
    this.#started = true;
    this.#loader.start();
    this.#naive.start();
  }

  ready(): void {
    this.#same(this.#loader.ready()?.code, this.#naive.ready());
  }

  cancel(): void {
    this.#loader.cancel();
    this.#naive.cancel();
  }

  /** The device answers, if it was asked: with all or a part, seldom with nothing or an error. */
  answer(random: Random): boolean {
    if (this.#loader.state === "writing") {
      const kind = random(40);
      const count = kind === 0 ? 0 : kind === 1 ? -5 : kind < 12 ? 1 + random(this.#asked) : this.#asked;
      if (count < 0) this.#loader.writeFailed(-count);
      else this.#loader.written(count);
      this.#naive.answer(count);
    } else if (this.#loader.state === "config") {
      const isGood = random(10) > 0;
      if (isGood) this.#loader.configLoaded();
      else this.#loader.configFailed("bad-config", "bad", "bad");
      this.#naive.answer(isGood ? 0 : -1);
    } else return false;
    return true;
  }

  /** Both have done the same, and stand at the same place; gives the verdict. */
  compare(): string {
    const naive = this.#naive;
    const loader = this.#loader;
    this.#same(this.#log.join("\n"), naive.log.join("\n"));
    const { peakBytes, peakBuffers } = loader.statistics;
    this.#same(loader.next, naive.next);
    this.#same(loader.configIndex ?? 2 ** 32 - 1, naive.last);
    this.#same(peakBytes, naive.peakBytes);
    this.#same(peakBuffers, naive.peakBuffers);
    const { kind, code } = loader.verdict(this.#started);
    const verdict = code === "" ? kind : `${kind}(${code})`;
    this.#same(verdict, naive.verdict());
    this.#log.length = 0;
    naive.log.length = 0;
    return verdict;
  }

  /** `assertEquals` would be most of the time of the test. */
  #same(found: unknown, expected: unknown): void {
    if (found !== expected) assertEquals(found, expected);
  }
}

type Step = (pair: Pair) => void;

const INDICES = [2 ** 20 - 1, 2 ** 20, 2 ** 32 - 2];

/** Something that does not belong where it comes. */
function disturbance(random: Random, count: number): Step {
  const idx = random(count + 2);
  const length = random(4) * 5;
  switch (random(8)) {
    case 0:
      return (pair) => pair.start();
    case 1:
      return (pair) => pair.ready();
    case 2:
      return (pair) => pair.cancel();
    case 3:
      return (pair) => pair.packet(INDICES[random(INDICES.length)] ?? 0, length, random(4) === 0);
    case 4:
    case 5:
      return (pair) => pair.packet(idx, length, true);
    default:
      return (pair) => pair.packet(idx, length, false);
  }
}

/** Events of a migration in any order, some left out, and with disturbances. */
function steps(random: Random, gate: boolean): Step[] {
  const count = random(6);
  const steps: Step[] = [(pair) => pair.start(), (pair) => pair.packet(count, random(5), true)];
  for (let idx = 0; idx < count; idx++) {
    const length = random(4) * 5;
    steps.push((pair) => pair.packet(idx, length, false));
  }
  if (gate) steps.push((pair) => pair.ready());
  for (let more = Math.max(0, random(6) - 2); more > 0; more--) steps.push(disturbance(random, count));
  for (let i = steps.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [steps[i], steps[j]] = [steps[j] as Step, steps[i] as Step];
  }
  return random(4) === 0 ? steps.slice(1) : steps;
}

/** Runs one sequence; gives what became of it. */
function runSequence(seed: number): string {
  const random = randomNumbers(seed);
  const gate = random(3) === 0;
  const pair = new Pair(gate, random(3) === 0 ? random(40) : Infinity, random(4) === 0 ? random(6) : Infinity);
  const isSlow = random(2) === 0;
  let verdict = "";
  for (const step of steps(random, gate)) {
    step(pair);
    verdict = pair.compare();
    while ((!isSlow || random(2) === 0) && pair.answer(random)) verdict = pair.compare();
  }
  if (random(8) > 0) { while (pair.answer(random)) verdict = pair.compare(); }
  return verdict;
}

Deno.test(`DeviceLoader does what the specification says in ${SEQUENCES} random sequences`, () => {
  const verdicts = new Map<string, number>();
  for (let seed = 0; seed < SEQUENCES; seed++) {
    try {
      const verdict = runSequence(seed);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    } catch (error) {
      throw new Error(`sequence ${seed}`, { cause: error });
    }
  }
  // The sequences come to every end that there is, and often.
  assertEquals([...verdicts.keys()].sort(), ENDS);
  assert([...verdicts.values()].every((times) => times > 50), JSON.stringify([...verdicts]));
});

const ENDS: readonly string[] = [
  "error(bad-config)",
  "error(buffer-limit)",
  "error(cancelled)",
  "error(device-write)",
  "error(duplicate-idx)",
  "error(duplicate-ready)",
  "error(ready-disabled)",
  "error(size-limit)",
  "lost-state(buffers-after-config)",
  "lost-state(config-written-as-data)",
  "lost-state(extra-config)",
  "lost-state(no-switchover-start)",
  "ok",
  "would-abort(allocation)",
  "would-abort(config-moved)",
  "would-abort(double-start)",
  "would-abort(last-below-next)",
  "would-hang(device)",
  "would-hang(gate)",
  "would-hang(missing-idx)",
  "would-hang(no-config)",
  "would-hang(no-packets)",
  "would-hang(write-0)",
];
