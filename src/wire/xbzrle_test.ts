import { assertEquals, assertThrows } from "@std/assert";
import { decodeXbzrle, XbzrleError } from "./xbzrle.ts";

Deno.test("decodeXbzrle() reads lengths of two bytes", () => {
  const changed = new Uint8Array(200).fill(9);
  assertEquals(decodeXbzrle(Uint8Array.of(0xac, 0x02, 0xc8, 0x01, ...changed), 4096), [{ at: 300, bytes: changed }]);
});

Deno.test("decodeXbzrle() finds nothing in nothing", () => {
  assertEquals(decodeXbzrle(new Uint8Array(0), 4096), []);
});

const REFUSED: { readonly [why: string]: number[] } = {
  "a run ends early": [0x05],
  "a run length has more than two bytes": [0x80, 0x80, 1, 1],
  "a run of no unchanged bytes": [0, 1, 9, 0, 1, 9],
  "a run leaves the page": [0xff, 0x7f, 1, 9],
  "a run of no new bytes": [1, 0, 0],
  "new bytes are missing": [1, 3, 9],
};

for (const [why, bytes] of Object.entries(REFUSED)) {
  Deno.test(`decodeXbzrle() refuses a difference where ${why}`, () => {
    assertThrows(() => decodeXbzrle(Uint8Array.from(bytes), 4096), XbzrleError, why);
  });
}

Deno.test("decodeXbzrle() refuses new bytes beyond the page", () => {
  assertThrows(() => decodeXbzrle(Uint8Array.of(15, 2, 9, 9), 16), XbzrleError, "leaves the page");
});

Deno.test("decodeXbzrle() says that a run ends early where one byte is left for its lengths", () => {
  for (const bytes of [[0, 1, 9, 5], [0, 1, 9, 5, 1], [5]]) {
    assertThrows(() => decodeXbzrle(Uint8Array.from(bytes), 4096), XbzrleError, "a run ends early");
  }
});

Deno.test("decodeXbzrle() takes new bytes up to the page's last", () => {
  assertEquals(decodeXbzrle(Uint8Array.of(14, 2, 9, 9), 16), [{ at: 14, bytes: Uint8Array.of(9, 9) }]);
  assertThrows(() => decodeXbzrle(Uint8Array.of(16, 1, 9), 16), XbzrleError, "leaves the page");
});
