import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type BaseRecord, ChannelParser, type ChannelReader, type Grammar, OpaqueGrammar } from "../stream/mod.ts";
import { driveStream, readChannel } from "./drive.ts";
import { type ByteSource, MemorySource } from "./source.ts";

/** Packets: four bytes of length, then a payload that nobody looks at. */
class PacketGrammar implements Grammar {
  readonly expecting = "packet";
  readonly complete = true;

  step(reader: ChannelReader): void {
    const offset = reader.decoder.offset;
    const length = reader.decoder.u32();
    reader.pass({ kind: "packet", offset, length: 4 + length, payload: { offset: offset + 4, length } });
  }
}

/** A channel of packets that is nowhere stored, and counts how much of it is read. */
class PacketSource implements ByteSource {
  readonly size: number;
  bytesRead = 0;
  reads = 0;
  readonly #payload: number;

  constructor(packets: number, payload: number) {
    this.size = packets * (4 + payload);
    this.#payload = payload;
  }

  readAt(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.size - offset));
    into.fill(0xee, 0, count);
    const packet = 4 + this.#payload;
    for (let at = offset - offset % packet; at < offset + count; at += packet) {
      for (let i = 0; i < 4; i++) {
        const place = at + i - offset;
        if (place >= 0 && place < count) into[place] = this.#payload >>> (24 - 8 * i) & 0xff;
      }
    }
    this.bytesRead += count;
    this.reads++;
    return count;
  }

  close(): void {}
}

function records(source: ByteSource, grammar?: Grammar, bufferSize?: number): BaseRecord[] {
  const list: BaseRecord[] = [];
  const options = bufferSize === undefined ? {} : { bufferSize };
  readChannel(source, new ChannelParser(grammar ?? new PacketGrammar()), (record) => list.push(record), options);
  return list;
}

function packets(lengths: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const length of lengths) {
    view.setUint32(at, length);
    at += 4 + length;
  }
  return bytes;
}

Deno.test("readChannel() reads little of a channel of packets of 1 MiB", () => {
  const source = new PacketSource(1000, 1024 * 1024);
  const list = records(source);
  assertEquals(list.length, 1000);
  assertEquals(list.at(-1)?.offset, 999 * (4 + 1024 * 1024));
  assert(source.bytesRead < source.size / 200, `${source.bytesRead} of ${source.size} bytes were read`);
  assert(source.reads <= 1001, `${source.reads} reads`);
});

Deno.test("readChannel() reads a channel of small packets once, in large pieces", () => {
  const source = new PacketSource(10_000, 4096);
  assertEquals(records(source).length, 10_000);
  assertEquals(source.bytesRead, source.size);
  assertEquals(source.reads, Math.ceil(source.size / (256 * 1024)));
});

Deno.test("readChannel() reads larger pieces again after a skip", () => {
  const small = Array.from({ length: 1000 }, () => 1000);
  const bytes = packets([1_000_000, ...small]);
  const inner = new MemorySource(bytes);
  let reads = 0;
  const source: ByteSource = {
    size: bytes.length,
    readAt: (offset, into) => (reads++, inner.readAt(offset, into)),
    close: () => {},
  };
  assertEquals(records(source).length, 1001);
  assert(reads < 15, `${reads} reads`);
});

Deno.test("readChannel() passes over the rest of an opaque channel, however long it is", () => {
  const source = new PacketSource(1, 0xffff_ff00);
  const [record, ...others] = records(source, new OpaqueGrammar("a test"));
  assertEquals([record?.kind, record?.length, others.length], ["opaque", source.size, 0]);
  assert(source.bytesRead <= 256 * 1024);
});

Deno.test("readChannel() tells that the payload it passed over was cut", () => {
  const bytes = packets([100_000]).subarray(0, 90_000);
  const [cut] = records(new MemorySource(bytes), undefined, 16);
  assertEquals([cut?.kind, cut?.length], ["truncated", 90_000]);
});

Deno.test("readChannel() ends where a source gives nothing, though its size says more", () => {
  const bytes = packets([10]);
  const shrunk: ByteSource = {
    size: 1000,
    readAt: (offset, into) => new MemorySource(bytes).readAt(offset, into),
    close: () => {},
  };
  assertEquals(records(shrunk).map((record) => record.length), [14]);
});

Deno.test("readChannel() and driveStream() give the same records for reads of any size", () => {
  const length = fc.oneof(fc.nat(20), fc.integer({ min: 30_000, max: 70_000 }));
  const sizes = fc.array(fc.integer({ min: 1, max: 80_000 }), { minLength: 1, maxLength: 5 });
  const cut = fc.nat(30);
  fc.assert(fc.property(fc.array(length, { maxLength: 8 }), sizes, cut, (lengths, sizes, cut) => {
    const whole = packets(lengths);
    const bytes = whole.subarray(0, Math.max(0, whole.length - cut));
    const parser = new ChannelParser(new PacketGrammar());
    const expected = [...parser.push(bytes), ...parser.end()];
    const inner = new MemorySource(bytes);
    let turn = 0;
    const some = (into: Uint8Array): Uint8Array => into.subarray(0, sizes[turn++ % sizes.length]);
    const source: ByteSource = {
      size: bytes.length,
      readAt: (offset, into) => inner.readAt(offset, some(into)),
      close: () => {},
    };
    for (const bufferSize of [undefined, 1 + (sizes[0] ?? 0) % 5000]) {
      assertEquals(records(source, undefined, bufferSize), expected);
    }
    const streamed: BaseRecord[] = [];
    let at = 0;
    driveStream(
      (into) => {
        const count = inner.readAt(at, some(into));
        at += count;
        return count === 0 ? null : count;
      },
      new ChannelParser(new PacketGrammar()),
      (record) => streamed.push(record),
    );
    assertEquals(streamed, expected);
  }));
});
