import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ArrivalClock, MemorySource, type ReadChannel, readEvents } from "../../capture/mod.ts";
import type { BaseRecord, ChannelRole } from "../../stream/mod.ts";
import type { Item } from "./cursor.ts";
import {
  CANONICAL_ORDER,
  CHANNEL_ORDER,
  type PickedChannel,
  type Picker,
  randomOrder,
  recordedOrder,
  roundRobinOrder,
} from "./order.ts";

/** A channel of records that are told by a letter, each of ten bytes. */
class Letters implements PickedChannel {
  readonly entry: ReadChannel;
  readonly #records: readonly BaseRecord[];
  #next = 0;

  constructor(index: number, role: ChannelRole, kinds: readonly string[]) {
    const channel = { label: `channel-${index}`, index, direction: "s2d", isFile: false } as const;
    this.entry = {
      label: `${role} ${index}`,
      channel,
      identity: { role, reason: "" } as ReadChannel["identity"],
      ...(role === "multifd" ? { multifdId: index - 1 } : {}),
    };
    this.#records = kinds.map((kind, i) => {
      const [name = "", idx] = kind.split(" ");
      return { kind: name, offset: 10 * i, length: 10, ...(idx === undefined ? {} : { idx: Number(idx) }) };
    });
  }

  peek(): Item | undefined {
    const record = this.#records[this.#next];
    return record === undefined ? undefined : { kind: "record", record };
  }

  take(): string {
    const item = this.peek();
    this.#next++;
    return item?.kind === "record" ? `${this.entry.channel.index}:${item.record.kind}` : "";
  }
}

const main = (...kinds: string[]): Letters => new Letters(0, "main", kinds);
const multifd = (index: number, ...kinds: string[]): Letters => new Letters(index, "multifd", kinds);

/** All records in the order that a picker gives to channels none of which waits. */
function run(picker: Picker, channels: readonly Letters[]): string[] {
  const taken: string[] = [];
  for (;;) {
    const ready = channels.filter((channel) => channel.peek() !== undefined);
    if (ready.length === 0) return taken;
    const chosen = picker.pick(ready);
    assert(ready.includes(chosen));
    taken.push(chosen.take());
  }
}

const INIT = "multifd-init";
const SETUP = "section-start";
const DATA = "multifd-device-state";

function stream(): Letters[] {
  return [
    main("file-header", SETUP, "command", "eof"),
    multifd(1, INIT, `${DATA} 1`, `${DATA} 2`),
    multifd(2, INIT, "multifd-ram", `${DATA} 0`),
  ];
}

Deno.test("CANONICAL_ORDER is connections, main channel, RAM by channel, buffers by index, the end of the main channel", () => {
  assertEquals(run(CANONICAL_ORDER, stream()), [
    `1:${INIT}`,
    `2:${INIT}`,
    "0:file-header",
    `0:${SETUP}`,
    "0:command",
    "2:multifd-ram",
    `2:${DATA}`,
    `1:${DATA}`,
    `1:${DATA}`,
    "0:eof",
  ]);
});

Deno.test("CANONICAL_ORDER goes on with a recovery connection before the multifd channels", () => {
  const channels = [multifd(1, "multifd-ram"), new Letters(3, "recovery", ["command"])];
  assertEquals(run(CANONICAL_ORDER, channels), ["3:command", "1:multifd-ram"]);
});

Deno.test("CANONICAL_ORDER puts RAM before buffers, whatever index an enemy gives them", () => {
  const channels = [multifd(1, `${DATA} 4294967295`), multifd(200, "multifd-ram"), main("command", "eof")];
  assertEquals(run(CANONICAL_ORDER, channels), ["0:command", "200:multifd-ram", `1:${DATA}`, "0:eof"]);
});

Deno.test("CHANNEL_ORDER takes a channel as far as it goes, the main one first wherever it connected", () => {
  const channels = [multifd(0, INIT, "a", "b"), new Letters(1, "main", [SETUP, "eof"]), multifd(2, INIT, "c")];
  assertEquals(run(CHANNEL_ORDER, channels), [
    `0:${INIT}`,
    `2:${INIT}`,
    `1:${SETUP}`,
    "1:eof",
    "0:a",
    "0:b",
    "2:c",
  ]);
});

Deno.test("roundRobinOrder() takes one record of each channel in turn once the devices are set up", () => {
  const channels = [main("file-header", SETUP, "x", "y"), multifd(1, INIT, "a", "b", "c"), multifd(2, INIT, "d")];
  assertEquals(run(roundRobinOrder(), channels), [
    "0:file-header",
    `1:${INIT}`,
    `2:${INIT}`,
    `0:${SETUP}`,
    "1:a",
    "2:d",
    "0:x",
    "1:b",
    "0:y",
    "1:c",
  ]);
});

Deno.test("an order that is no recorded one lets the main channel wait for the others", () => {
  for (const picker of [CANONICAL_ORDER, CHANNEL_ORDER, roundRobinOrder(), randomOrder(1)]) {
    const [one, two] = [multifd(1, "a"), multifd(2, INIT)];
    assertEquals([picker.pick([one, two]), picker.timeOf(one)], [two, 0]);
    assertEquals(picker.pick([one]), one);
  }
});

Deno.test("every order keeps the order of each channel, takes all, and sets up before it hands out packets", () => {
  const kinds = fc.array(fc.constantFrom("multifd-ram", `${DATA} 3`, "multifd-sync"), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(kinds, { maxLength: 4 }), fc.integer(), (packets, seed) => {
      for (const picker of [CANONICAL_ORDER, CHANNEL_ORDER, roundRobinOrder(), randomOrder(seed)]) {
        const lists = [["file-header", SETUP, "command"], ...packets.map((list) => [INIT, ...list])];
        const channels = lists.map((list, i) => i === 0 ? main(...list) : multifd(i, ...list));
        const taken = run(picker, channels);
        lists.forEach((list, i) => {
          const mine = taken.filter((text) => text.startsWith(`${i}:`));
          assertEquals(mine, list.map((kind) => `${i}:${kind.split(" ")[0]}`));
        });
        const firstPacket = taken.findIndex((text) => !text.startsWith("0:") && !text.endsWith(INIT));
        assert(firstPacket < 0 || taken.indexOf(`0:${SETUP}`) < firstPacket);
      }
    }),
    { seed: 14 },
  );
});

Deno.test("randomOrder() gives the same order for the same seed, others for others", () => {
  const orderOf = (seed: number): string => run(randomOrder(seed), stream()).join();
  const orders = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    assertEquals(orderOf(seed), orderOf(seed));
    orders.add(orderOf(seed));
  }
  assert(orders.size > 20, `${orders.size} orders`);
});

Deno.test("recordedOrder() is the order in which the last byte of each record came", () => {
  const events = [
    { t: 5, ch: 1, dir: "s2d", off: 0, len: 12 },
    { t: 7, ch: 0, dir: "s2d", off: 0, len: 20 },
    { t: 9, ch: 1, dir: "s2d", off: 12, len: 8 },
    { t: 11, ch: 0, dir: "s2d", off: 20, len: 10 },
  ].map((event) => `${JSON.stringify(event)}\n`).join("");
  const picker = recordedOrder(new ArrivalClock(readEvents(new MemorySource(new TextEncoder().encode(events)))));
  const channels = [main("a", "b", "c"), multifd(1, "d", "e")];
  const times: number[] = [];
  const watched: Picker = {
    timeOf: picker.timeOf,
    pick<T extends PickedChannel>(ready: readonly T[]): T {
      const chosen = picker.pick(ready);
      times.push(picker.timeOf(chosen));
      return chosen;
    },
  };
  assertEquals(run(watched, channels), ["1:d", "0:a", "0:b", "1:e", "0:c"]);
  assertEquals(times, [5, 7, 7, 9, 11]);
});

Deno.test("no order chooses of nothing", () => {
  for (const picker of [CANONICAL_ORDER, CHANNEL_ORDER, roundRobinOrder(), randomOrder(0)]) {
    assertThrows(() => picker.pick([]), RangeError);
  }
});

Deno.test("CANONICAL_ORDER takes multifd channels by their ids, however they connected", () => {
  const channels = [multifd(3, "multifd-ram"), multifd(1, "multifd-ram"), multifd(2, "multifd-ram")];
  assertEquals(run(CANONICAL_ORDER, channels), ["1:multifd-ram", "2:multifd-ram", "3:multifd-ram"]);
});

Deno.test("recordedOrder() sees what is wrong when its first byte is there, a cut when the connection ends", () => {
  const events = [
    { t: 5, ch: 1, dir: "s2d", off: 0, len: 12 },
    { t: 9, ch: 1, dir: "s2d", off: 12, len: 8 },
    { t: 12, ch: 1, dir: "s2d", ev: "end", off: 20 },
  ].map((event) => `${JSON.stringify(event)}\n`).join("");
  const { timeOf } = recordedOrder(
    new ArrivalClock(readEvents(new MemorySource(new TextEncoder().encode(events)))),
  );
  const time = (kind: "error" | "cut", offset: number, index = 1): number => {
    const { entry } = multifd(index);
    const finding = { severity: "error", code: "x", channel: "multifd 0", offset, message: "x" } as const;
    return timeOf({ entry, peek: (): Item => ({ kind, finding }) });
  };
  assertEquals([time("error", 0), time("error", 11), time("error", 12), time("error", 19)], [5, 5, 9, 9]);
  assertEquals(time("cut", 3), 12);
  assertEquals(timeOf({ entry: multifd(1).entry, peek: () => undefined }), 12, "the end of all");
});

Deno.test("CANONICAL_ORDER puts an error in the place of its channel", () => {
  const finding = { severity: "error", code: "x", channel: "multifd 0", offset: 0, message: "x" } as const;
  const error = { entry: multifd(1).entry, peek: (): Item => ({ kind: "error", finding }) };
  const init = { entry: multifd(2).entry, peek: multifd(2, INIT).peek.bind(multifd(2, INIT)) };
  const ram = multifd(3, "multifd-ram");
  assertEquals(CANONICAL_ORDER.pick<PickedChannel>([ram, error]), error);
  assertEquals(CANONICAL_ORDER.pick<PickedChannel>([error, init]), init);
});
