import { assertEquals } from "@std/assert";
import { be, bytesOf, counted } from "../../testing/main_stream.ts";
import { AnswerReader } from "./answers.ts";
import type { AwaitedMessage } from "./stretch.ts";
import { PONG, RESUME_ACK, SHUT, SWITCHOVER_ACK } from "./target_for_test.ts";

/** REQ_PAGES_ID, REQ_PAGES (main-channel.md §9). */
const REQUESTS = bytesOf(
  [be(3, 2), be(12 + counted("pc.ram").length, 2), be(0, 8), be(4096, 4), counted("pc.ram")],
  [be(4, 2), be(12, 2), be(4096, 8), be(4096, 4)],
);

/** RECV_BITMAP with a bitmap of eight bytes. */
const BITMAP = bytesOf(be(5, 2), be(7, 2), counted("pc.ram"), be(8, 8), be(0, 8), be(0x0123456789abcdefn, 8));

function reader(): { readonly answers: AnswerReader; readonly told: AwaitedMessage[] } {
  const told: AwaitedMessage[] = [];
  return { told, answers: new AnswerReader((message) => told.push(message)) };
}

Deno.test("AnswerReader counts what comes, and tells of what a source waits for, however it is cut", () => {
  const all = bytesOf(PONG(1), SWITCHOVER_ACK, REQUESTS, PONG(2), BITMAP, RESUME_ACK, SHUT(1));
  for (const size of [1, 3, all.length]) {
    const { answers, told } = reader();
    const { push, end } = answers.begin();
    for (let at = 0; at < all.length; at += size) push(all.slice(at, at + size));
    end();
    assertEquals(answers.answers, { pongs: 2, switchoverAcks: 1, pageRequests: 2, shut: 1 });
    assertEquals(told, ["pong", "switchover-ack", "pong", "recv-bitmap", "resume-ack"]);
  }
});

Deno.test("AnswerReader tells of a bitmap when the whole of it is there", () => {
  const { answers, told } = reader();
  const { push } = answers.begin();
  push(BITMAP.subarray(0, BITMAP.length - 1));
  assertEquals(told, []);
  push(BITMAP.subarray(BITMAP.length - 1));
  assertEquals(told, ["recv-bitmap"]);
});

Deno.test("AnswerReader keeps the connections apart: one may say its last words when the next has begun", () => {
  const { answers, told } = reader();
  const [first, second] = [answers.begin(), answers.begin()];
  first.push(PONG(1).subarray(0, 5));
  second.push(RESUME_ACK.subarray(0, 3));
  first.push(PONG(1).subarray(5));
  second.push(RESUME_ACK.subarray(3));
  assertEquals([told, answers.answers.problem], [["pong", "resume-ack"], undefined]);
});

Deno.test("AnswerReader keeps the first problem, and reads on", () => {
  const { answers } = reader();
  const { push, end } = answers.begin();
  push(bytesOf(be(0x77, 2), be(0, 2), be(4, 2), be(12, 2), be(0, 12), SHUT(0), PONG(1).subarray(0, 2)));
  end();
  const { problem, ...rest } = answers.answers;
  assertEquals([problem?.code, problem?.offset, problem?.channel], ["rp-type", 2, "return path"]);
  assertEquals(rest, { pongs: 0, switchoverAcks: 0, pageRequests: 1, shut: 0 });
});
