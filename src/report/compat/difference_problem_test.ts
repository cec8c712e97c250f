import { assertEquals } from "@std/assert";
import type { Difference } from "./compare_body.ts";
import { differenceProblem } from "./difference_problem.ts";

const SECTION = { idstr: "d", instanceId: 2, versionId: 1, channel: "main", offset: 7 };

function tell(difference: Partial<Difference> & Pick<Difference, "kind">): (string | undefined)[] | undefined {
  const problem = differenceProblem({ path: "a", vmsd: "d", ...difference }, SECTION, "11.1");
  return problem && [problem.severity, problem.code, problem.message, problem.qemu];
}

Deno.test("differenceProblem() warns where what is read has another meaning, and what was not compared", () => {
  assertEquals(tell({ kind: "fields-moved", other: "b", stream: 1, target: 1 }), [
    "warning",
    "fields-moved",
    "a would be read as b: as many bytes, another meaning",
    undefined,
  ]);
  assertEquals(tell({ kind: "not-compared" })?.[2], "the fields of a are too many, or too deep, to be compared");
  assertEquals(
    tell({ kind: "not-compared", path: "" })?.[2],
    "the fields of the state are too many, or too deep, to be compared",
  );
});

Deno.test("differenceProblem() has nothing to say of another name", () => {
  assertEquals(tell({ kind: "field-renamed", other: "b" }), undefined);
});

Deno.test("differenceProblem() says whose field it is, and where", () => {
  const problem = differenceProblem({ kind: "field-added", path: "a", vmsd: "d", stream: 1 }, SECTION, undefined);
  const { channel, offset, section, instanceId, field, message } = problem ?? {};
  assertEquals([channel, offset, section, instanceId, field], ["main", 7, "d", 2, "a"]);
  assertEquals(message, "a (1 byte) is not read there");
});
