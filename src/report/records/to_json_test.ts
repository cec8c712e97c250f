import { assertEquals } from "@std/assert";
import { smallStream } from "../../../testing/main_stream.ts";
import { eachCapture, linesOf, memoryCapture, NO_CAPTURES } from "./captures_for_test.ts";
import { jsonOf, lineToJson } from "./to_json.ts";

Deno.test("lineToJson() begins with the place and has the record's fields behind it", () => {
  const [header] = linesOf(memoryCapture(smallStream().bytes()));
  assertEquals(
    JSON.stringify(header && lineToJson(header)),
    '{"channel":"main","kind":"file-header","offset":0,"length":8,"magic":1363498573,"version":3}',
  );
});

Deno.test("jsonOf() writes numbers exactly, and bytes as hex digits", () => {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  assertEquals(jsonOf(most), Number.MAX_SAFE_INTEGER);
  assertEquals(jsonOf(most + 1n), "0x20000000000000");
  assertEquals(jsonOf([{ a: Uint8Array.of(0, 255), b: [true, "x"], c: undefined }]), [
    { a: "00ff", b: [true, "x"], c: null },
  ]);
});

Deno.test({
  name: "lineToJson() can be written for every record of every capture",
  ignore: NO_CAPTURES,
  fn(): void {
    eachCapture((capture) => {
      for (const line of linesOf(capture)) {
        const object = lineToJson(line);
        assertEquals(JSON.parse(JSON.stringify(object)), object);
      }
    });
  },
});
