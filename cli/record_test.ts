import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openCapture, readBytes } from "../src/capture/mod.ts";
import { mayRelay, readToEnd, sendPieces } from "../src/record/peers_for_test.ts";
import { randomNumbers } from "../testing/random.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo } from "./memory_io.ts";

const FIXTURE = new URL("../testdata/vfio-multifd-2", import.meta.url).pathname;
const ignore = !mayRelay() || Deno.permissions.querySync({ name: "read", path: FIXTURE }).state !== "granted";

/** The channels of the fixture that the source sent. */
function fixtureChannels(): Uint8Array[] {
  const capture = openCapture(FIXTURE);
  try {
    return capture.channels.filter(({ direction }) => direction === "s2d")
      .map(({ source }) => source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size));
  } finally {
    capture.close();
  }
}

/** A destination that takes all, and the folder that the test may write. */
async function withDestination(use: (port: number, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "migwire-record-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const all: Promise<void>[] = [];
    for await (const conn of listener) all.push(readToEnd(conn).then(() => conn.close(), () => conn.close()));
    await Promise.all(all);
  })();
  try {
    await use(listener.addr.port, folder);
  } finally {
    listener.close();
    await serving;
    await Deno.remove(folder, { recursive: true });
  }
}

/** The port that a recording says it listens at. */
async function portOf(err: () => string): Promise<number> {
  while (true) {
    const port = /listening at tcp:127\.0\.0\.1:(\d+),/.exec(err())?.[1];
    if (port !== undefined) return Number(port);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Plays the source. */
async function migrate(port: number, channels: readonly Uint8Array[], length = 65_536): Promise<void> {
  const conns: Deno.TcpConn[] = [];
  for (const _ of channels) conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  await Promise.all(conns.map(async (conn, i) => {
    await sendPieces(conn, channels[i] ?? new Uint8Array(0), () => length);
    await conn.closeWrite();
    await readToEnd(conn);
    conn.close();
  }));
}

/** What {@linkcode recordFixture} records with. */
interface Recorded {
  readonly options?: readonly string[];
  readonly isTerminal?: boolean;
  /** Waits for the recording to end by itself, rather than to end it when all connections have ended. */
  readonly waits?: boolean;
}

async function recordFixture(
  { options = [], isTerminal = false, waits = false }: Recorded,
  then: (io: MemoryIo, directory: string, code: number) => Promise<void> | void,
): Promise<void> {
  const interrupt = new AbortController();
  const io = memoryIo({ interrupt: interrupt.signal, isTerminal, env: { NO_COLOR: "1" } });
  await withDestination(async (destination, folder) => {
    const directory = `${folder}/capture`;
    const argv = ["record", "--listen", "tcp::0", "--to", `tcp::${destination}`, "--out", directory, ...options];
    const running = main(argv, io);
    const channels = fixtureChannels();
    await migrate(await portOf(io.err), channels);
    const ended = (): number => io.err().match(/connection \d+ ended/g)?.length ?? 0;
    while (ended() < channels.length) await new Promise((resolve) => setTimeout(resolve, 5));
    if (!waits) interrupt.abort();
    await then(io, directory, await running);
  });
}

Deno.test({
  name: "migwire record shows what inspect shows of it, and check finds nothing wrong",
  ignore,
  async fn(): Promise<void> {
    const options = ["--name", "mine", "--about", "a test"];
    await recordFixture({ options, waits: true }, async (io, directory, code) => {
      assertEquals(code, EXIT.ok, io.err());
      const inspecting = memoryIo();
      assertEquals(await main(["inspect", directory], inspecting), EXIT.ok);
      assertEquals(io.out(), inspecting.out());
      assertStringIncludes(io.out(), "mine");
      const checking = memoryIo();
      assertEquals(await main(["check", directory], checking), EXIT.ok, checking.out());
      for (const part of ["connection 0 is the main channel", "devices, the guest stands still", "all was sent"]) {
        assertStringIncludes(io.err(), part);
      }
    });
  },
});

Deno.test({
  name: "migwire record --no-payload makes a capture that says so, and that check finds nothing wrong with",
  ignore,
  async fn(): Promise<void> {
    await recordFixture({ options: ["--no-payload", "--json"] }, async (io, directory, code) => {
      assertEquals(code, EXIT.ok, io.err());
      assertEquals(JSON.parse(io.out()).format, "migwire-inspect/1");
      assertEquals(JSON.parse(await Deno.readTextFile(`${directory}/capture.json`)).payload, false);
      const checking = memoryIo();
      assertEquals(await main(["check", directory], checking), EXIT.ok, checking.out());
    });
  },
});

Deno.test({
  name: "migwire record paints how it is on a terminal, and takes that away in the end",
  ignore,
  async fn(): Promise<void> {
    await recordFixture({ isTerminal: true }, (io, _, code) => {
      assertEquals(code, EXIT.ok);
      assertStringIncludes(io.err(), "waiting for the source: 0 bytes");
      assertStringIncludes(io.err(), "s2d multifd 0");
    });
  },
});

Deno.test({
  name: "migwire record ends with 3 and names the destination that is not there",
  ignore,
  async fn(): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "migwire-record-" });
    try {
      const io = memoryIo();
      const argv = ["record", "--listen", "tcp::0", "--to", "tcp::1", "--out", `${folder}/capture`];
      const running = main(argv, io);
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: await portOf(io.err) });
      await conn.read(new Uint8Array(1)).catch(() => null);
      conn.close();
      assertEquals(await running, EXIT.blocked);
      assertStringIncludes(io.err(), "Cannot connect to the destination at tcp:127.0.0.1:1");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "migwire record ends with 130 by Ctrl-C before anybody came",
  ignore,
  async fn(): Promise<void> {
    const interrupt = new AbortController();
    const io = memoryIo({ interrupt: interrupt.signal });
    await withDestination(async (destination, folder) => {
      const argv = ["record", "--listen", "tcp::0", "--to", `tcp::${destination}`, "--out", `${folder}/capture`];
      const running = main(argv, io);
      await portOf(io.err);
      interrupt.abort();
      assertEquals(await running, EXIT.interrupted);
      assertStringIncludes(io.err(), "nobody connected");
    });
  },
});

Deno.test("migwire record says what is wrong with its command line", async () => {
  for (
    const [argv, part] of [
      [["--to", "tcp::1", "--out", "x"], "Cannot record without --listen"],
      [["--listen", "tcp::1", "--out", "x"], "Cannot record without --to"],
      [["--listen", "tcp::1", "--to", "tcp::2"], "Cannot record without --out"],
      [["--listen", "4444", "--to", "tcp::2", "--out", "x"], "Cannot use --listen. Cannot read the address"],
      [["--listen", "tcp::1", "--to", "tcp:h:99999", "--out", "x"], "Cannot use --to. Cannot read the address"],
    ] as const
  ) {
    const io = memoryIo();
    assertEquals(await main(["record", ...argv], io), EXIT.usage);
    assertStringIncludes(io.err(), part);
  }
});

const mayRun = !ignore && Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state === "granted";

Deno.test({
  name: "migwire record, killed at any time, leaves a directory that can be read",
  ignore: !mayRun,
  async fn(): Promise<void> {
    const random = randomNumbers(20);
    const channels = fixtureChannels();
    await withDestination(async (destination, folder) => {
      // All of them by turns: what differs is when they are killed.
      for (let i = 0; i < 20; i++) await killed(`${folder}/${i}`, destination, channels, random(60));
    });
  },
});

/** Kills a recording some milliseconds after the source has begun; what it wrote must be a beginning of what was sent. */
async function killed(
  directory: string,
  destination: number,
  channels: readonly Uint8Array[],
  milliseconds: number,
): Promise<void> {
  const script = new URL("main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, "record", "--listen", "tcp::0", "--to", `tcp::${destination}`]
      .concat("--out", directory),
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let err = "";
  const listening = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) err += text;
  })();
  const port = await portOf(() => err);
  const migrating = migrate(port, channels, 3000).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill("SIGKILL");
  await Promise.all([child.status, listening, migrating]);
  const io = memoryIo();
  const code = await main(["inspect", directory], io);
  assert(code === EXIT.ok || code === EXIT.fault, `inspect ends with ${code}: ${io.err()}`);
  const capture = openCapture(directory);
  try {
    for (const { source, index } of capture.channels.filter(({ direction }) => direction === "s2d")) {
      if (source === undefined) continue;
      const bytes = readBytes(source, 0, source.size);
      assertEquals(bytes, channels[index]?.subarray(0, bytes.length));
    }
    const noted = [...capture.events ?? []].filter((event) => event.kind === "data");
    for (const event of noted) {
      if (event.kind !== "data" || event.direction === "d2s") continue;
      const file = capture.channels.find(({ index, direction }) => index === event.channel && direction === "s2d");
      assert((file?.source?.size ?? 0) >= event.offset + event.length, "an event tells of bytes that are not there");
    }
  } finally {
    capture.close();
  }
}
