import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { connect } from "node:net";
import { type CaptureEvent, openCapture } from "../capture/mod.ts";
import { randomNumbers } from "../../testing/random.ts";
import { DirectoryStorage, RecordError, type RecordFile } from "./mod.ts";
import { channelFiles, inScene, mayRelay, readToEnd, Scene, sendPieces } from "./peers_for_test.ts";

const ignore = !mayRelay();

/** Bytes that no two places share for long. */
function noise(length: number, seed: number): Uint8Array {
  const random = randomNumbers(seed);
  return Uint8Array.from({ length }, () => random(256));
}

function events(directory: string): CaptureEvent[] {
  const capture = openCapture(directory);
  try {
    return [...capture.events ?? []];
  } finally {
    capture.close();
  }
}

/** Waits until it is so; the test's own time limit is the runner's. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const channels of [1, 4, 9]) {
  Deno.test({
    name: `Recording passes on and records ${channels} connections, both ways, however the bytes are cut`,
    ignore,
    fn: () =>
      inScene(async ({ connect, recording, directory }) => {
        const peers = [];
        for (let i = 0; i < channels; i++) peers.push(await connect());
        const results = await Promise.all(peers.map(async ({ source, destination }, i) => {
          const random = randomNumbers(i);
          const [sent, answered] = [noise(300_000 + i, i), noise(10_000 + i, i + 100)];
          const over = async (socket: Deno.TcpConn, bytes: Uint8Array): Promise<Uint8Array> => {
            const sending = sendPieces(socket, bytes, () => random(random(2) === 0 ? 50 : 100_000))
              .then(() => socket.closeWrite());
            const [received] = await Promise.all([readToEnd(socket), sending]);
            return received;
          };
          const [back, forth] = await Promise.all([over(source, sent), over(destination, answered)]);
          return { sent, answered, back, forth };
        }));
        const result = await recording.finished;
        const files = channelFiles(directory);
        for (const [i, { sent, answered, back, forth }] of results.entries()) {
          assertEquals([forth, back], [sent, answered]);
          assertEquals(files.get(`channel-0${i}.s2d`), sent);
          assertEquals(files.get(`channel-0${i}.d2s`), answered);
        }
        assertEquals([result.connections, result.interrupted, result.error], [channels, false, undefined]);
      }),
  });
}

Deno.test({
  name: "Recording writes an event for each read, in order, that tiles the channel",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      const reading = readToEnd(destination);
      await sendPieces(source, noise(1000, 1), () => 100);
      source.close();
      await reading;
      destination.close();
      await recording.finished;
      const [opened, ...rest] = events(directory);
      assertEquals(opened?.kind, "open");
      let offset = 0;
      let time = 0;
      for (const event of rest) {
        assert(event.time >= time);
        time = event.time;
        if (event.kind === "open" || event.direction === "d2s") continue;
        assertEquals(event.offset, offset);
        if (event.kind === "data") offset += event.length;
        else assertEquals([event.kind, offset], ["end", 1000]);
      }
      assertEquals(offset, 1000);
    }),
});

Deno.test({
  name: "Recording passes on a half-close, and the other direction goes on",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      await source.write(Uint8Array.of(1));
      await source.closeWrite();
      assertEquals(await readToEnd(destination), Uint8Array.of(1));
      await destination.write(Uint8Array.of(2, 3));
      const buffer = new Uint8Array(8);
      assertEquals(await source.read(buffer), 2);
      await destination.closeWrite();
      assertEquals(await source.read(buffer), null);
      await recording.finished;
      assertEquals(events(directory).filter(({ kind }) => kind === "end").length, 2);
    }),
});

Deno.test({
  name: "Recording passes on what came before a reset, then breaks the other side off and says so",
  ignore,
  fn: () =>
    inScene(async (scene) => {
      const { recording, directory } = scene;
      const port = recording.address.kind === "tcp" ? recording.address.port : 0;
      const accepting = scene.accept();
      const source = connect(port, "127.0.0.1");
      source.on("error", () => {});
      const destination = await accepting;
      source.write("abc");
      const buffer = new Uint8Array(8);
      assertEquals(await destination.read(buffer), 3);
      source.resetAndDestroy();
      assertEquals(await destination.read(buffer).catch(() => null), null);
      const { error } = await recording.finished;
      assertEquals(error, undefined);
      const broken = events(directory).find(({ kind }) => kind === "reset");
      assert(broken?.kind === "reset");
      assertEquals(broken.offset, 3);
      assertStringIncludes(broken.error ?? "", "reset");
      assertEquals(channelFiles(directory).get("channel-00.s2d"), new TextEncoder().encode("abc"));
    }),
});

Deno.test({
  name: "Recording breaks the source off when the destination has gone",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      await source.write(noise(1000, 2));
      await destination.read(new Uint8Array(10));
      destination.close();
      const piece = noise(100_000, 3);
      let failed = false;
      while (!failed) await source.write(piece).catch(() => failed = true);
      source.close();
      await recording.finished;
      assert(events(directory).some(({ kind }) => kind === "reset"));
    }),
});

Deno.test({
  name: "Recording records what a destination says after its source has gone",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      source.close();
      assertEquals(await readToEnd(destination), new Uint8Array(0));
      for (let i = 0; i < 20; i++) {
        await destination.write(Uint8Array.of(i));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      destination.close();
      await recording.finished;
      assertEquals(channelFiles(directory).get("channel-00.d2s")?.length, 20);
    }),
});

Deno.test({
  name: "Recording lets the source wait for a destination that does not read",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      const piece = new Uint8Array(1 << 20);
      let sent = 0;
      const sending = (async () => {
        for (let i = 0; i < 64; i++) {
          for (let at = 0; at < piece.length;) {
            const count = await source.write(piece.subarray(at));
            at += count;
            sent += count;
          }
        }
        source.close();
      })();
      let before = -1;
      await until(() => {
        const stands = sent === before && sent > 0;
        before = sent;
        return stands && recording.status().bytes > 0;
      });
      await new Promise((resolve) => setTimeout(resolve, 200));
      // What the system's buffers hold on both sides, and two of ours.
      assert(recording.status().bytes < 32 << 20, `${recording.status().bytes} bytes were taken`);
      const received = await readToEnd(destination);
      destination.close();
      await sending;
      await recording.finished;
      assertEquals(received.length, 64 << 20);
      assertEquals(channelFiles(directory).get("channel-00.s2d")?.length, 64 << 20);
    }),
});

Deno.test({
  name: "Recording refuses a source whose destination is not there, and names it",
  ignore,
  fn: () =>
    inScene(async (scene) => {
      scene.stopListening();
      const source = await scene.connectSource();
      assertEquals(await source.read(new Uint8Array(1)).catch(() => null), null);
      const { error, connections } = await scene.recording.finished;
      assertEquals([error?.code, connections], ["connect", 0]);
      assertStringIncludes(error?.message ?? "", "Cannot connect to the destination at tcp:127.0.0.1:");
      assertStringIncludes(error?.hint ?? "", "-incoming");
    }),
});

Deno.test({
  name: "Recording overwrites no directory",
  ignore,
  fn: () =>
    inScene(async ({ directory, recording, stopListening }) => {
      stopListening();
      const again = (): Scene => new Scene({ directory });
      const error = assertThrows(again, RecordError);
      assertEquals(error.code, "exists");
      await Promise.resolve(recording);
    }, { signal: AbortSignal.abort() }),
});

Deno.test({
  name: "Recording ends by its signal, with connections open, and the directory can be read",
  ignore,
  async fn(): Promise<void> {
    const interrupt = new AbortController();
    await inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      await source.write(Uint8Array.of(1, 2, 3));
      await destination.read(new Uint8Array(3));
      interrupt.abort();
      const { interrupted } = await recording.finished;
      assert(interrupted);
      assertEquals(channelFiles(directory).get("channel-00.s2d"), Uint8Array.of(1, 2, 3));
      assertEquals(await destination.read(new Uint8Array(3)).catch(() => null), null);
    }, { signal: interrupt.signal });
  },
});

/** A disk that takes so many bytes, and then no more. */
class SmallDisk extends DirectoryStorage {
  #left: number;

  constructor(path: string, size: number) {
    super(path);
    this.#left = size;
  }

  override create(name: string): RecordFile {
    const file = super.create(name);
    return {
      write: (bytes, at) => {
        const fits = bytes.subarray(0, this.#left);
        file.write(fits, at);
        this.#left -= fits.length;
        if (fits.length < bytes.length) throw new Error("No space left on device (os error 28)");
      },
      extend: (length) => file.extend(length),
      close: () => file.close(),
    };
  }
}

Deno.test({
  name: "Recording passes nothing on that a full disk did not take",
  ignore,
  async fn(): Promise<void> {
    const folder = Deno.makeTempDirSync({ prefix: "migwire-record-" });
    const directory = `${folder}/capture`;
    try {
      await inScene(async ({ connect, recording }) => {
        const peers = [await connect(), await connect()];
        const sent = noise(200_000, 5);
        const received = await Promise.all(peers.map(async ({ source, destination }) => {
          const parts: Uint8Array[] = [];
          const reading = (async () => {
            const buffer = new Uint8Array(5000);
            for (let n: number | null; (n = await destination.read(buffer)) !== null;) parts.push(buffer.slice(0, n));
          })();
          await sendPieces(source, sent, () => 5000).catch(() => {});
          await reading.catch(() => {});
          return parts.reduce((sum, part) => sum + part.length, 0);
        }));
        const { error } = await recording.finished;
        assertEquals(error?.code, "storage");
        assertStringIncludes(error?.message ?? "", "No space left on device");
        const files = channelFiles(directory);
        for (const [i, length] of received.entries()) {
          const file = files.get(`channel-0${i}.s2d`) ?? new Uint8Array(0);
          assert(file.length >= length, `${file.length} bytes are recorded, ${length} were passed on`);
          assertEquals(file, sent.subarray(0, file.length));
        }
      }, { directory, storage: new SmallDisk(directory, 150_000) });
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Recording passes on all over a slow disk",
  ignore,
  async fn(): Promise<void> {
    const folder = Deno.makeTempDirSync({ prefix: "migwire-record-" });
    const directory = `${folder}/capture`;
    const disk = new DirectoryStorage(directory);
    const slow = {
      makeDirectory: () => disk.makeDirectory(),
      replace: (name: string, text: string) => disk.replace(name, text),
      create: (name: string): RecordFile => {
        const file = disk.create(name);
        const write = (bytes: Uint8Array, at?: number): void => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
          file.write(bytes, at);
        };
        return { write, extend: (length) => file.extend(length), close: () => file.close() };
      },
    };
    try {
      await inScene(async ({ connect, recording }) => {
        const { source, destination } = await connect();
        const sent = noise(300_000, 6);
        const reading = readToEnd(destination);
        await sendPieces(source, sent, () => 10_000);
        source.close();
        assertEquals(await reading, sent);
        destination.close();
        assertEquals((await recording.finished).error, undefined);
        assertEquals(channelFiles(directory).get("channel-00.s2d"), sent);
      }, { directory, storage: slow });
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Recording stops to record at its size, says so, and goes on to pass on",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory, notices }) => {
      const { source, destination } = await connect();
      const sent = noise(100_000, 7);
      const reading = readToEnd(destination);
      await sendPieces(source, sent, () => 1000);
      source.close();
      assertEquals(await reading, sent);
      destination.close();
      const { full, bytes } = await recording.finished;
      assertEquals([full, bytes], [true, 100_000]);
      assertEquals(notices.filter(({ kind }) => kind === "full").length, 1);
      assertEquals(channelFiles(directory).get("channel-00.s2d"), sent.subarray(0, 20_000));
      const capture = openCapture(directory);
      assertStringIncludes(capture.manifest?.about ?? "", "the recording stopped after");
      capture.close();
    }, { maxBytes: 20_000 }),
});

Deno.test({
  name: "Recording takes a connection that comes soon after the others have ended",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording }) => {
      for (let i = 0; i < 2; i++) {
        const { source, destination } = await connect();
        source.close();
        destination.close();
        await until(() => recording.status().open === 0);
      }
      assertEquals((await recording.finished).connections, 2);
    }, { graceMs: 500 }),
});

Deno.test({
  name: "Recording ends when only connections are left that the destination has closed and the source does not use",
  ignore,
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const [main, multifd] = [await connect(), await connect()];
      await multifd.source.write(Uint8Array.of(1));
      await multifd.destination.read(new Uint8Array(1));
      multifd.destination.close();
      main.destination.close();
      main.source.close();
      assertEquals((await recording.finished).interrupted, false);
      const broken = events(directory).find(({ kind }) => kind === "reset");
      assert(broken?.kind === "reset");
      assertEquals([broken.channel, broken.direction, broken.error], [1, "s2d", "the migration is over"]);
    }),
});
