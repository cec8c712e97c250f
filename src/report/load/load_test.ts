import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Capture, CaptureError, openCapture } from "../../capture/mod.ts";
import { LOAD_ORDERS, type LoadEvent, RefusingSink } from "../../load/mod.ts";
import { CORPUS_FOLDERS } from "../../../testing/corpus_folders.ts";
import { loadReport, type LoadReportOptions } from "./load.ts";
import type { LoadReport } from "./model.ts";

const [shared] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];
const ignore = CAPTURES.length === 0;

async function load(name: string, options: LoadReportOptions = {}): Promise<LoadReport> {
  return await withCapture(name, (capture) => loadReport(capture, options));
}

async function withCapture<T>(name: string, use: (capture: Capture) => Promise<T>): Promise<T> {
  const capture = openCapture(decodeURIComponent(new URL(name, shared?.url).pathname));
  try {
    return await use(capture);
  } finally {
    capture.close();
  }
}

/** What becomes of a recorded migration that is not simply loaded. */
interface Recorded {
  /** Kind and code of the verdict. */
  readonly verdict: string;
  /** QEMU's text in the verdict is a part of the recorded error; a regular expression where a number depends on a race. */
  readonly text?: "recorded" | RegExp;
  /** The recorded outcome is another one, and why that is no fault of the verdict. */
  readonly otherwise?: string;
  /** How it has to be loaded to be what was recorded: the streams alone do not tell. */
  readonly options?: LoadReportOptions;
}

/** QEMU says this of whatever main stream ends early; what exactly was read last decides about the text before it. */
const GENERAL = /^(load of migration failed|check_section_footer: Read section footer failed: -5$)/;

const NOT_LOADED: { readonly [capture: string]: Recorded } = {
  "plain-cancelled": { verdict: "error truncated-main", text: "recorded" },
  "plain-channel-count": { verdict: "error channel-count", text: "recorded" },
  "plain-channel-count-fewer": { verdict: "would-hang channel-count" },
  "plain-channel-count-silent": {
    verdict: "error channel-count",
    otherwise: "row 94: both sides can say completed, and pages are lost all the same",
  },
  "plain-cut": { verdict: "error truncated-main", text: "recorded" },
  "plain-missing-capability": { verdict: "error channel-count", text: "recorded" },
  "plain-multifd-postcopy-fails-11.1": {
    verdict: "ok ",
    otherwise: "this QEMU cannot do postcopy with multifd: the streams are as they should be",
  },
  "plain-wrong-machine": { verdict: "error machine", text: "recorded" },
  "plain-wrong-ram-size": { verdict: "error ram-size", text: "recorded" },
  "vfio-cancelled": { verdict: "error truncated-main", text: GENERAL },
  "vfio-cut": { verdict: "error truncated-main", text: GENERAL },
  "vfio-limit-fails": {
    verdict: "error size-limit",
    // Buffers that came within a few milliseconds on several channels: QEMU read 3 first, the recorder saw 5 first.
    text: /^20000000-0000-4000-8000-000000000000: queuing state buffer \d+ would exceed the size max of 40000$/,
  },
  "vfio-load-fails-exits": {
    verdict: "error device-write",
    text: "recorded",
    // The lab's device took buffer 0 and refused the next.
    options: { sink: () => new RefusingSink(16384) },
  },
  "vfio-mismatch-source-off": {
    verdict: "error mode-mismatch",
    // The outcome has the last line of what QEMU said; E1 is in its log.
    text: /: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer$/,
  },
  "vfio-mismatch-source-on": { verdict: "error mode-mismatch", text: "recorded" },
  "vfio-setup-fails": { verdict: "error no-main-channel", text: "recorded" },
  "vfio-stalled": { verdict: "would-hang main-open" },
  "vfio-switchover-ack-missing": {
    verdict: "error switchover-ack",
    text: /: Received INIT_DATA_SENT but switchover ack is not used$/,
  },
};

/** Under TLS there is nothing to load. */
const ENCRYPTED = ["plain-multifd-tls", "plain-tls"];

/** Statuses of a destination that has not come to an end: QEMU waits. */
const WAITING = ["setup", "active"];

for (const name of CAPTURES.filter((known) => !ENCRYPTED.includes(known))) {
  const { verdict: expected, text, otherwise, options } = NOT_LOADED[name] ?? { verdict: "ok " };
  Deno.test(`loadReport() says of ${name} what became of it${otherwise === undefined ? "" : `, though ${otherwise}`}`, async () => {
    const { verdict, loaded, warnings, capture: { outcome } } = await load(name, options);
    assertEquals(`${verdict.kind} ${verdict.code}`, expected, verdict.reason);
    // What went well is not odd.
    if (loaded) assertEquals(warnings, []);
    assertEquals(loaded, expected === "ok ");
    if (text === "recorded") assert(outcome?.error?.includes(verdict.qemu ?? "?"), `${verdict.qemu} ${outcome?.error}`);
    else if (text !== undefined) assert(text.test(verdict.qemu ?? ""), verdict.qemu);
    if (otherwise !== undefined) return;
    const status = outcome?.destination ?? "";
    const became = status === "completed" ? "ok" : WAITING.includes(status) ? "would-hang" : "error";
    assertEquals(verdict.kind, became);
  });
}

/** Captures whose source may believe something else, by a race between its last write and a connection that breaks. */
const RACES = ["plain-multifd-postcopy-fails-11.1"];

/** What a source with a status believes. A source that was cancelled believes what it was told to. */
const BELIEFS: { readonly [status: string]: LoadReport["sourceBelieves"] } = {
  completed: "success",
  failed: "failure",
  cancelled: "failure",
  device: "nothing",
};

Deno.test({
  name: "loadReport() says what the source believes, as its recorded status",
  ignore,
  async fn(): Promise<void> {
    for (const name of CAPTURES.filter((known) => !ENCRYPTED.includes(known) && !RACES.includes(known))) {
      const { sourceBelieves, capture: { outcome } } = await load(name, NOT_LOADED[name]?.options);
      assertEquals(sourceBelieves, BELIEFS[outcome?.source ?? ""], name);
    }
  },
});

Deno.test({
  name: "loadReport() refuses what is encrypted",
  ignore,
  async fn(): Promise<void> {
    for (const name of ENCRYPTED) {
      const error = await assertRejects(() => load(name), CaptureError, "its channels are under TLS");
      assertEquals(error.code, "encrypted");
    }
  },
});

/** Captures whose devices were loaded over multifd. */
const MULTIFD = CAPTURES.filter((name) => /^vfio-(multifd-.*[^e]$|two|config|from|switchover-ack-multifd)/.test(name))
  .filter((name) => name !== "vfio-multifd-no-device");

Deno.test({
  name: "loadReport() loads the same bytes into each device in every order, without anything to warn of",
  ignore,
  async fn(): Promise<void> {
    assert(MULTIFD.length >= 6, `${MULTIFD.length} captures`);
    for (const name of MULTIFD) {
      const digests = ({ devices }: LoadReport): unknown[] =>
        devices.map(({ sha256, configSha256, state }) => [sha256, configSha256, state]);
      const recorded = await load(name);
      for (const order of LOAD_ORDERS) {
        for (const seed of order === "random" ? [0, 1, 2, 3, 4] : [0]) {
          const report = await load(name, { order, seed });
          assertEquals([report.verdict.kind, report.order, report.barriers], ["ok", order, recorded.barriers], name);
          assertEquals(report.warnings, []);
          assertEquals(digests(report), digests(recorded));
          assertEquals(report.seed, order === "random" ? seed : null);
        }
      }
    }
  },
});

Deno.test({
  name: "loadReport() sets nothing up behind what is refused, and answers as far as that",
  ignore,
  async fn(): Promise<void> {
    const machine = await load("vfio-switchover-ack-multifd", { expect: { machine: "pc-q35-9.2" } });
    assertEquals([machine.verdict.code, machine.devices, machine.answers], ["machine", [], []]);
    assertEquals([machine.sourceBelieves, machine.errors], ["failure", [machine.verdict]]);
    const { verdict, answers } = await load("plain-wrong-ram-size");
    assertEquals([verdict.code, answers], ["ram-size", [{ message: "PONG", value: 1 }, { message: "SHUT", value: 1 }]]);
  },
});

Deno.test({
  name: "loadReport() tells how long a device starved, and how its gate opened",
  ignore,
  async fn(): Promise<void> {
    const events: LoadEvent[] = [];
    const { devices: [device], switchoverStart } = await load("vfio-config-after-iter", {
      onEvent: (event) => events.push(event),
    });
    const timeOf = (kind: LoadEvent["kind"]): number | undefined => events.find((event) => event.kind === kind)?.time;
    assertEquals(device?.gate, { waitedFrom: timeOf("gated") ?? -1, passed: timeOf("config") ?? -1 });
    assert((timeOf("gated") ?? 0) < (timeOf("config") ?? 0));
    const starved = events.filter(({ kind }) => kind === "starved");
    assertEquals(starved.length, device?.queue?.starvations);
    assertEquals(starved[0]?.time, switchoverStart);
    assert(
      (device?.starvedTime ?? 0) > 0 && (device?.starvedTime ?? 0) < (timeOf("config") ?? 0) - (switchoverStart ?? 0),
    );
    const [ungated] = (await load("vfio-multifd-newer")).devices;
    assertEquals(ungated?.gate, null);
  },
});

Deno.test({
  name: "loadReport() waits for a sink that takes its time, and gives it one piece at once",
  ignore,
  async fn(): Promise<void> {
    let [busy, most, taken] = [0, 0, 0];
    const { loaded, devices: [device] } = await load("vfio-multifd-4-big", {
      sink: () => ({
        async write(bytes): Promise<void> {
          most = Math.max(most, ++busy);
          taken += bytes.length;
          await new Promise((resolve) => setTimeout(resolve, 1));
          busy--;
        },
      }),
    });
    assertEquals([loaded, most, taken], [true, 1, device?.bytes]);
  },
});

Deno.test({
  name: "loadReport() warns of properties that the destination's version does not have",
  ignore,
  async fn(): Promise<void> {
    const expect = { qemu: "9.2", multifdTransfer: "on", loadConfigAfterIter: "on", maxQueuedSize: 1 } as const;
    const { warnings } = await load("vfio-main", { expect });
    assertEquals(
      warnings.filter(({ code }) => code === "unknown-property").map(({ message }) => message.split(",")[0]),
      [
        "QEMU 9.2 has no x-migration-multifd-transfer",
        "QEMU 9.2 has no x-migration-load-config-after-iter",
        "QEMU 9.2 has no x-migration-max-queued-buffers-size",
      ],
    );
    assertEquals((await load("vfio-main", { expect: { ...expect, qemu: "11.1" } })).warnings, []);
  },
});

Deno.test({
  name: "loadReport() says that a limit on the number of buffers is no release's",
  ignore,
  async fn(): Promise<void> {
    const { verdict, warnings } = await load("vfio-multifd-2", { maxQueuedBuffers: 0 });
    assertEquals(verdict.code, "buffer-limit");
    assert(warnings.some(({ code }) => code === "no-release"));
  },
});
