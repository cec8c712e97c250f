/**
 * Follows the state of VFIO devices while a migration is recorded: a line for each buffer, when all of it is there.
 *
 *     follow_buffers.ts CAPTURE
 *
 * CAPTURE is a directory that `migwire record` writes, or has written. It ends when all connections have.
 */
import {
  type BaseRecord,
  type CaptureEvent,
  ChannelParser,
  MemorySource,
  type MultifdDeviceStateRecord,
  MultifdGrammar,
  readEvents,
  VFIO_DEVICE_STATE_CONFIG_STATE,
} from "@migwire/migwire";

const [directory = "."] = Deno.args;
const piece = new Uint8Array(64 * 1024);

/** A connection. What is no multifd channel has nothing to show: to this grammar it is one opaque record. */
class Connection {
  isOpen = true;
  readonly #grammar = new MultifdGrammar();
  readonly #parser = new ChannelParser(this.#grammar);
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  constructor(index: number) {
    this.#path = `${directory}/channel-${String(index).padStart(2, "0")}.s2d`;
  }

  /** So many bytes of it are in its file now, which is there since the first of them. */
  arrived(bytes: number, time: number): void {
    this.#file ??= Deno.openSync(this.#path);
    while (this.#parser.offset < bytes) {
      const missing = bytes - this.#parser.offset;
      // What is in a page or a buffer does not matter here, and is not read.
      const skip = Math.min(this.#parser.skippable, missing);
      if (skip === 0) this.#file.seekSync(this.#parser.offset, Deno.SeekMode.Start);
      const count = skip || (this.#file.readSync(piece.subarray(0, missing)) ?? 0);
      if (count === 0) throw new Error(`Cannot follow ${this.#path}: it has shrunk`);
      this.#show(skip > 0 ? this.#parser.skip(skip) : this.#parser.push(piece.subarray(0, count)), time);
    }
  }

  #show(records: readonly BaseRecord[], time: number): void {
    for (const record of records) {
      if (record.kind !== "multifd-device-state") continue;
      const { idstr, idx, vfioFlags = 0, payload } = record as MultifdDeviceStateRecord;
      const what = (vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) === 0 ? "" : ", its config";
      const from = `${(time / 1e6).toFixed(1)} ms  multifd ${this.#grammar.channelId}  ${idstr}`;
      console.log(`${from}  buffer ${idx}, ${payload?.length} bytes${what}`);
    }
  }
}

const connections = new Map<number, Connection>();

function happened(event: CaptureEvent): void {
  if (event.kind === "open") connections.set(event.channel, new Connection(event.channel));
  else if (event.direction === "s2d") {
    const connection = connections.get(event.channel);
    if (event.kind === "data") connection?.arrived(event.offset + event.length, event.time);
    else if (connection !== undefined) connection.isOpen = false;
  }
}

// What came when stands in events.jsonl, a line each. The last line may not be whole yet: it is read again.
const events = Deno.openSync(`${directory}/events.jsonl`);
for (let position = 0; connections.size === 0 || connections.values().some(({ isOpen }) => isOpen);) {
  const lines = piece.slice(0, events.readSync(piece) ?? 0);
  const whole = lines.subarray(0, lines.lastIndexOf(0x0a) + 1);
  for (const event of readEvents(new MemorySource(whole))) happened(event);
  position = events.seekSync(position + whole.length, Deno.SeekMode.Start);
  if (whole.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
