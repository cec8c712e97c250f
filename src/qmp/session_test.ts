import { assertEquals, assertThrows } from "@std/assert";
import { GREETING } from "./monitor_for_test.ts";
import { QmpError } from "./qmp_error.ts";
import { QmpSession } from "./session.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("QmpSession reads the greeting, answers, refusals and events", () => {
  const session = new QmpSession();
  assertEquals(session.push(encode(GREETING)), [{
    kind: "greeting",
    version: { qemu: { micro: 2, minor: 0, major: 10 }, package: "" },
    capabilities: ["oob"],
  }]);
  const { id, bytes } = session.command("qom-get", { path: "/machine", property: "type" });
  assertEquals(
    new TextDecoder().decode(bytes),
    '{"execute":"qom-get","arguments":{"path":"/machine","property":"type"},"id":1}\n',
  );
  const said = '{"return": "pc", "id": 1}\r\n{"id": 1, "error": {"class": "GenericError", "desc": "no"}}\r\n' +
    '{"timestamp": {"seconds": 2, "microseconds": 1500}, "event": "STOP"}\r\n' +
    '{"timestamp": {"seconds": -1, "microseconds": -1}, "event": "MIGRATION", "data": {"status": "setup"}}\r\n';
  assertEquals(session.push(encode(said)), [
    { kind: "answer", id, value: "pc" },
    { kind: "refusal", id, qemuClass: "GenericError", text: "no" },
    { kind: "event", name: "STOP", data: {}, time: 2001.5 },
    { kind: "event", name: "MIGRATION", data: { status: "setup" }, time: undefined },
  ]);
});

Deno.test("QmpSession takes a second greeting", () => {
  assertEquals(new QmpSession().push(encode(GREETING + GREETING)).map(({ kind }) => kind), ["greeting", "greeting"]);
});

Deno.test("QmpSession refuses what is not QMP", () => {
  const cases: [said: string, text: string][] = [
    ['{"event": "STOP"}', "no greeting, but"],
    ['{"return": {}, "id": 1}', "no greeting, but"],
    [GREETING + '{"return": {}}', "nothing was asked for"],
    [GREETING + '{"return": {}, "id": 1}', "nothing was asked for"],
    [GREETING + '{"return": {}, "id": "1"}', "nothing was asked for"],
    [GREETING + '{"error": {"class": "GenericError", "desc": "JSON parse error"}}', "JSON parse error"],
    [GREETING + '{"hello": 1}', "is no message of QMP"],
    [GREETING + '{"a"}', "is no JSON"],
  ];
  for (const [said, text] of cases) {
    const error = assertThrows(() => new QmpSession().push(encode(said)), QmpError, text);
    assertEquals(error.code, "protocol");
  }
});
