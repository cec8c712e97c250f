import { assertEquals } from "@std/assert";
import { RecordError, type RecordNotice } from "../../src/record/mod.ts";
import { noticeText } from "./notice_text.ts";

Deno.test("noticeText() says on a line what happens while migwire records", () => {
  const cases: readonly (readonly [RecordNotice, string | undefined])[] = [
    [{ kind: "opened", connection: 2 }, "connection 2 opened, passed on to tcp:host:4444"],
    [{ kind: "identified", connection: 0, direction: "s2d", label: "main" }, "connection 0 is the main channel"],
    [{ kind: "identified", connection: 1, direction: "s2d", label: "multifd" }, "connection 1 is a multifd channel"],
    // It is the other direction of a connection that was named already.
    [{ kind: "identified", connection: 0, direction: "d2s", label: "return path" }, undefined],
    [{ kind: "phase", phase: "postcopy" }, "postcopy, the guest runs at the destination"],
    [{ kind: "waiting-for-recovery" }, "postcopy was interrupted: waiting for the recovery; Ctrl-C ends"],
    [{ kind: "full", bytes: 2 ** 20 }, "1 MiB are recorded, the rest is not; the migration goes on"],
    [{ kind: "ended", connection: 3 }, "connection 3 ended, closed"],
    [{ kind: "ended", connection: 3, by: "source" }, "connection 3 ended, closed by the source"],
    [
      { kind: "ended", connection: 3, by: "destination", error: "reset" },
      "connection 3 ended, broken off by the destination: reset",
    ],
    [
      { kind: "refused", error: new RecordError("connect", "Cannot connect", "") },
      "a connection was refused. Cannot connect",
    ],
  ];
  for (const [notice, text] of cases) {
    assertEquals(noticeText(notice, { to: { kind: "tcp", host: "host", port: 4444 } }), text);
  }
});
