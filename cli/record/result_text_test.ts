import { assertEquals } from "@std/assert";
import type { RecordOptions, RecordResult } from "../../src/public/record.ts";
import { resultLines } from "./result_text.ts";

const OPTIONS: RecordOptions = {
  listen: { kind: "tcp", host: "host", port: 4444 },
  to: { kind: "tcp", host: "host", port: 4445 },
  directory: "a\x07b",
};

const RESULT: RecordResult = {
  phase: "sent",
  connections: 1,
  open: 0,
  bytes: 2048,
  devices: [],
  channels: [],
  interrupted: false,
  full: false,
  notKept: [],
};

Deno.test("resultLines() says what was recorded where, how far the source came, and what is not kept", () => {
  assertEquals(resultLines({ ...RESULT, connections: 0 }, OPTIONS), ["nobody connected to tcp:host:4444"]);
  assertEquals(resultLines(RESULT, OPTIONS), ["2 KiB passed on over 1 connection, recorded in a\\x07b"]);
  const notKept = [{ connection: 1, direction: "s2d", label: "multifd 0", offset: 16, reason: "bad\n" }] as const;
  assertEquals(resultLines({ ...RESULT, phase: "devices", connections: 2, notKept }, OPTIONS), [
    "2 KiB passed on over 2 connections, recorded in a\\x07b",
    "the source has not sent all; it came as far as: devices, the guest stands still",
    "connection 1 (s2d, multifd 0) is not kept from 0x10 on: not understood, bad\\x0a",
  ]);
});
