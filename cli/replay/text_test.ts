import { assertEquals, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import type { EmittedConnection, StreamNeeds } from "../../src/emit/mod.ts";
import { NO_NEEDS } from "../../src/emit/plan_for_test.ts";
import { FACTS } from "../../src/emit/target/target_for_test.ts";
import type { ReplayPrelude } from "../../src/replay/mod.ts";
import { REPLAY_FORMAT, type ReplayReport, type SentReport } from "../../src/report/replay/mod.ts";
import { WIDTH } from "../inspect/layout.ts";
import { makeStyle, unstyled } from "../style.ts";
import { preludeText, replayText } from "./text.ts";

const PLAIN = makeStyle(false);

const needs: StreamNeeds = NO_NEEDS;

/** A report, and what may be said of it. */
function report(rest: Partial<ReplayReport>): ReplayReport {
  return {
    format: REPLAY_FORMAT,
    capture: { name: "made", kind: "directory" },
    ok: false,
    verdict: { kind: "failed", by: "query-migrate", reason: "bad page" },
    target: { address: "tcp:127.0.0.1:4444", spawned: false, qemu: null, package: null, machine: null },
    settings: [],
    leftOut: [],
    mismatches: [],
    notes: [],
    sent: null,
    outcome: null,
    stderr: null,
    ...rest,
  };
}

/** A connection of 2000 bytes. */
function connection(rest: Partial<EmittedConnection> = {}): EmittedConnection {
  return { label: "main", opened: true, sent: 2000, planned: 2000, received: 0, ...rest };
}

function sent(rest: Partial<SentReport>): SentReport {
  return {
    all: true,
    bytes: 4000,
    planned: 4000,
    milliseconds: 12.4,
    connections: [connection(), connection({ label: "multifd 0" })],
    answers: { pongs: 0, switchoverAcks: 0, pageRequests: 0 },
    pings: 0,
    error: null,
    ...rest,
  };
}

function text(rest: Partial<ReplayReport>): string {
  return replayText(report(rest), PLAIN).join("\n");
}

Deno.test("replayText() ends with the verdict, and who says so", () => {
  const verdict = { kind: "completed", by: "query-migrate", reason: "the target says completed" } as const;
  assertEquals(
    text({ ok: true, verdict, sent: sent({}), stderr: "warning: of no matter\n" }),
    "sent: 3.9 KiB (4000 bytes) over 2 connections in 12 ms, 315 KiB/s\n\ncompleted · the target says completed (query-migrate)",
  );
  const looked = { kind: "does-not-fit", by: "migwire", reason: "another machine" } as const;
  assertEquals(text({ verdict: looked }), "\ndoes not fit · another machine (migwire)");
});

Deno.test("replayText() shows each channel that was not sent to its end, and what came back", () => {
  const answers = {
    pongs: 1,
    switchoverAcks: 1,
    pageRequests: 2,
    shut: 1,
    problem: { severity: "error", code: "rp-type", channel: "return path", offset: 3, message: "an unknown message" },
  } as const;
  assertEquals(
    text({
      sent: sent({
        all: false,
        bytes: 2500,
        milliseconds: 0.4,
        connections: [
          connection({ waiting: "PONG from the target", sent: 1500 }),
          connection({ label: "multifd 0", sent: 1000, closed: "broken off: Connection reset by peer" }),
          connection({ label: "multifd 1", opened: false, sent: 0, waiting: "its turn to be opened" }),
          connection({ label: "multifd 2" }),
        ],
        answers,
        pings: 2,
        error: { code: "closed", message: "multifd 0 was broken off", hint: "look at its log" },
      }),
      stderr: "\n",
    }),
    `sent: 2500 of 4000 bytes over 3 connections in 0 ms
  channel    sent    of  state
  main       1500  2000  waiting for PONG from the target
  multifd 0  1000  2000  broken off: Connection reset by peer
  multifd 1     -  2000  waiting for its turn to be opened
  multifd 2  2000  2000  all sent
answered: 1 of 2 PONGs, SWITCHOVER_ACK, 2 requests for pages, SHUT 1, an unknown message
ended early: multifd 0 was broken off
hint: look at its log

failed · bad page (query-migrate)`,
  );
});

Deno.test("replayText() does not say twice why it ended, nor of what QEMU says by its return path", () => {
  const lines = text({
    verdict: { kind: "hangs", by: "the connections", reason: "Nothing went on for 60 s" },
    sent: sent({
      error: { code: "stalled", message: "Nothing went on for 60 s", hint: "" },
      answers: {
        pongs: 0,
        switchoverAcks: 0,
        pageRequests: 1,
        shut: 1,
        problem: {
          severity: "error",
          code: "destination-failed",
          channel: "return path",
          offset: 0,
          message: "SHUT 1",
        },
      },
    }),
  });
  assertEquals(lines.split("\n").slice(1), [
    "answered: 1 request for pages, SHUT 1",
    "",
    "hangs · Nothing went on for 60 s (the connections)",
  ]);
});

Deno.test("replayText() of what was never sent says what to do", () => {
  const error = { code: "connect", message: "Cannot connect", hint: "start the destination" };
  assertEquals(
    text({
      verdict: { kind: "not-sent", by: "migwire", reason: "Cannot connect" },
      sent: sent({ all: false, bytes: 0, connections: [connection({ opened: false, sent: 0 })], error }),
    }),
    "sent: nothing of 4000 bytes\nhint: start the destination\n\nnot sent · Cannot connect (migwire)",
  );
});

Deno.test("replayText() shows the end of what the target printed, and nothing that a terminal would obey", () => {
  const all = Array.from({ length: 14 }, (_, i) => `line ${i}\x1b[2J`).join("\n");
  const lines = text({ stderr: `${all}\n` }).split("\n");
  assertEquals(lines.slice(0, 3), ["", "the target printed:", "  (2 lines before)"]);
  assertEquals(lines.slice(-3), ["  line 13\\x1b[2J", "", "failed · bad page (query-migrate)"]);
  assertEquals(text({ stderr: "one\n" }).split("\n").slice(1, 3), ["the target printed:", "  one"]);
});

const PRELUDE: ReplayPrelude = { target: "tcp:127.0.0.1:4444", needs, mismatches: [], notes: [] };

const FULL: ReplayPrelude = {
  ...PRELUDE,
  facts: { ...FACTS, package: "Debian 1:11.1.3+ds-1" },
  spawned: ["-qmp of the recording is left out"],
  notes: ["multifd 1 is cut"],
  settings: {
    settings: [
      {
        kind: "capability",
        name: "multifd",
        value: true,
        origin: "capture",
        from: "capture.json",
        isSet: false,
        isKnown: true,
      },
      {
        kind: "parameter",
        name: "multifd-channels",
        value: 4,
        origin: "option",
        from: "the user",
        isSet: true,
        isKnown: true,
      },
      {
        kind: "capability",
        name: "xbzrle",
        value: false,
        origin: "capture",
        from: "capture.json",
        isSet: true,
        isKnown: true,
      },
    ],
    leftOut: [{ kind: "parameter", name: "block-bitmap-mapping", value: [{ a: 1 }], why: "migwire sends without it" }],
  },
  mismatches: [
    {
      code: "machine",
      severity: "error",
      message: "another machine",
      qemu: "Machine type received",
      hint: "start another",
    },
    { code: "block-extra", severity: "warning", message: "one block more", hint: "" },
  ],
};

Deno.test("preludeText() says what is known of the target before anything is sent", () => {
  assertEquals(preludeText("made", PRELUDE, PLAIN), ["made", "target: tcp:127.0.0.1:4444"]);
  assertEquals(preludeText("made\x07", FULL, PLAIN), [
    "made\\x07",
    "target: tcp:127.0.0.1:4444, QEMU 11.1.3 (Debian 1:11.1.3+ds-1), machine pc-q35-11.1, started for",
    "  this",
    "set: multifd on, xbzrle off (capture.json); multifd-channels 4 (the user)",
    'left out: block-bitmap-mapping [{"a":1}]: migwire sends without it',
    "note: -qmp of the recording is left out",
    "note: multifd 1 is cut",
    "error: another machine (QEMU: Machine type received)",
    "hint: start another",
    "warning: one block more",
  ]);
  const looked = preludeText("made", FULL, PLAIN, true);
  assertEquals(looked[3], "would set: multifd on, xbzrle off (capture.json); multifd-channels 4 (the user)");
  const { machine: _, ...nameless } = FACTS;
  const nothing = { settings: [], leftOut: [] };
  assertEquals(preludeText("made", { ...PRELUDE, facts: nameless, settings: nothing }, PLAIN).slice(1), [
    "target: tcp:127.0.0.1:4444, QEMU 11.1.3",
  ]);
});

Deno.test("replayText() and preludeText() fit the width of their text, and colours change nothing else", () => {
  const reason = "all of it is long. ".repeat(20).trim();
  const long = report({ verdict: { kind: "failed", by: "SHUT", reason }, sent: sent({}), stderr: "one\n" });
  for (const line of replayText(long, PLAIN)) assertEquals(unicodeWidth(line) <= WIDTH, true, line);
  const coloured = makeStyle(true);
  assertEquals(replayText(long, coloured).map(unstyled), replayText(long, PLAIN));
  assertEquals(preludeText("made", FULL, coloured).map(unstyled), preludeText("made", FULL, PLAIN));
  assertStringIncludes(preludeText("made", FULL, coloured).join("\n"), "\x1b[");
});
