import { assertEquals } from "@std/assert";
import { EQUIVALENT } from "./equivalent.ts";
import { findPlaces } from "./find_places.ts";

Deno.test({
  name: "every mutant that is no other program can be made still",
  ignore: Deno.permissions.querySync({ name: "read", path: new URL("../../src", import.meta.url) }).state !== "granted",
  fn(): void {
    for (const { file, code, original, shown } of EQUIVALENT) {
      const text = Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url));
      const lines = text.split("\n");
      const places = findPlaces(text).filter((place) =>
        lines[place.line - 1]?.trim() === code && place.original === original &&
        place.changes.some((change) => change.shown === shown)
      );
      assertEquals(places.length, 1, `${file}: ${original} → ${shown}`);
    }
  },
});
