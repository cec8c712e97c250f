import { assertEquals, assertThrows } from "@std/assert";
import { CaptureError } from "../src/capture/mod.ts";
import { EXIT, ExitError } from "./exit.ts";
import { withCapture } from "./with_capture.ts";

/** Standard input that holds the file header of a main channel. */
function input(): (into: Uint8Array) => number {
  const rest = [Uint8Array.fromHex("5145564d00000003")];
  return (into) => {
    const bytes = rest.pop() ?? new Uint8Array(0);
    into.set(bytes);
    return bytes.length;
  };
}

Deno.test("withCapture() gives what the use of the capture gives", () => {
  assertEquals(withCapture("-", { stdin: input() }, ({ channels }) => channels.length), 1);
});

Deno.test("withCapture() says what is in the way, and on another line what helps", () => {
  const qcow2 = (into: Uint8Array): number => {
    into.set([0x51, 0x46, 0x49, 0xfb]);
    return 4;
  };
  let calls = 0;
  const once = (into: Uint8Array): number => calls++ === 0 ? qcow2(into) : 0;
  const error = assertThrows(() => withCapture("-", { stdin: once }, () => {}), ExitError);
  assertEquals(error.exitCode, EXIT.blocked);
  assertEquals(error.message.split("\n").length, 2);
  assertEquals(error.cause instanceof CaptureError, true);
});

Deno.test("withCapture() lets other errors through", () => {
  const use = (): never => {
    throw new TypeError("a bug");
  };
  assertThrows(() => withCapture("-", { stdin: input() }, use), TypeError, "a bug");
});
