import { assertEquals } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  type BenchOptions,
  cancel,
  command,
  config,
  configuration,
  connect,
  data,
  end,
  eof,
  full,
  initDataSent,
  mainClosed,
  mainData,
  mainFinding,
  part,
  returnPath,
  run,
  runBare,
  SET_UP,
  start,
  sw,
} from "../../../testing/destination_bench.ts";

const acknowledged: BenchOptions = { switchoverAck: true };

Deno.test("row 61: when the main channel fails, loaders that starve are cancelled, and SHUT is 1", () => {
  const outcome = runBare({}, SET_UP, returnPath, sw, data(1, 1), mainFinding("bad", "Missing section footer"));
  assertEquals([outcome.verdict, outcome.full.qemu], ["error(bad)", "Missing section footer"]);
  assertEquals(outcome.errors, ["error(bad)", "error(cancelled)"]);
  assertEquals(outcome.answers, [{ message: "SHUT", value: 1 }]);
});

Deno.test("row 62: a main channel that ends before the EOF byte is an error", () => {
  const outcome = runBare({}, SET_UP, sw, data(0, 1), mainClosed);
  assertEquals([outcome.verdict, outcome.errors], ["error(truncated-main)", [
    "error(truncated-main)",
    "error(cancelled)",
  ]]);
});

Deno.test("row 63: the EOF byte may come before device packets", () => {
  assertEquals(runBare({}, SET_UP, sw, eof, data(0, 1), config(1, 5)).verdict, "ok");
});

Deno.test("row 65: a FULL section of the device before its END is odd, but fine", () => {
  const { verdict, warnings } = run({}, sw, full(), end(), data(0, 1), config(1, 5));
  assertEquals([verdict, warnings], ["ok", ["order"]]);
  assertEquals(run({}, sw, end(), full(), data(0, 1), config(1, 5)).warnings, []);
});

Deno.test("row 66: data on the main channel after the stop race with the load thread", () => {
  const { verdict, warnings } = run({}, sw, part(), mainData(5), end(), mainData(10), data(0, 1), config(1, 5));
  assertEquals([verdict, warnings], ["ok", ["mixed-data"]]);
});

Deno.test("row 67: a device without an END section is odd, but fine", () => {
  const { verdict, warnings } = run({}, sw, full(), config(0, 5));
  assertEquals([verdict, warnings], ["ok", ["no-end"]]);
});

Deno.test("row 69: INIT_DATA_SENT needs the capability, and a device with PRE_COPY", () => {
  for (const options of [{}, { ...acknowledged, devices: { [DEVICE]: { precopy: false } } }]) {
    const { verdict, full } = run(options, returnPath, part(), initDataSent);
    assertEquals(
      [verdict, full.qemu],
      ["error(switchover-ack)", "NAME: Received INIT_DATA_SENT but switchover ack is not used"],
    );
  }
});

Deno.test("row 70: INIT_DATA_SENT more often than devices wait for it is an error, up to 11.0", () => {
  const twice = [returnPath, part(), initDataSent, initDataSent, sw, config(0, 5)];
  const { verdict, full, answers } = run(acknowledged, twice);
  assertEquals(
    [verdict, full.qemu],
    ["error(switchover-ack)", "NAME: qemu_loadvm_approve_switchover failed, err=-22 (Invalid argument)"],
  );
  assertEquals(answers.map(({ message }) => message), ["SWITCHOVER_ACK", "SHUT"]);
  const newer = run({ ...acknowledged, qemu: "11.1" }, twice);
  assertEquals(newer.verdict, "ok");
  assertEquals(newer.answers.map(({ message }) => message), ["SWITCHOVER_ACK", "SWITCHOVER_ACK", "SHUT"]);
});

Deno.test("row 71: the last INIT_DATA_SENT needs a return path", () => {
  const { verdict, full } = run(acknowledged, part(), initDataSent);
  assertEquals(
    [verdict, full.qemu],
    ["error(no-return-path)", "NAME: qemu_loadvm_approve_switchover failed, err=-5 (Input/output error)"],
  );
});

Deno.test("a destination none of whose devices has to agree agrees as soon as there is a return path", () => {
  const { answers } = run({ ...acknowledged, needsAck: false }, returnPath, sw, config(0, 5));
  assertEquals(answers.map(({ message }) => message), ["SWITCHOVER_ACK", "SHUT"]);
});

Deno.test("row 81: a source that cancels ends the main channel, and loaders with it", () => {
  const outcome = runBare({}, SET_UP, sw, data(1, 1), cancel);
  assertEquals(outcome.verdict, "error(truncated-main)");
  assertEquals(outcome.errors, ["error(truncated-main)", "error(cancelled)"]);
});

Deno.test("row 88: a config packet may come when the main channel is at its end", () => {
  assertEquals(runBare({}, SET_UP, sw, data(0, 1), eof, config(1, 5)).verdict, "ok");
});

Deno.test("row 89: pages on the main channel do not matter to multifd", () => {
  const pages = [start("ram"), { channel: "main", record: { kind: "ram-page", offset: 0, length: 4104 } } as const];
  assertEquals(run({}, pages, sw, config(0, 5)).verdict, "ok");
});

Deno.test("row 90: SWITCHOVER_START in a package, or after postcopy commands, is odd, but works", () => {
  const rest = [end(), config(0, 5)];
  const packagedCommand = command(7, { offset: 100, length: 9, blobLength: 20 });
  const packageEnd = { channel: "main", record: { kind: "eof", offset: 128, length: 1 } } as const;
  const packaged = run({}, packagedCommand, command(11, { offset: 110 }), packageEnd, rest);
  assertEquals([packaged.verdict, packaged.warnings], ["ok", ["order"]]);
  const outside = run({}, packagedCommand, packageEnd, command(11, { offset: 129 }), rest);
  assertEquals([outside.verdict, outside.warnings], ["ok", []]);
  const postcopy = run({}, command(4), sw, rest);
  assertEquals([postcopy.verdict, postcopy.warnings], ["ok", ["order"]]);
});

Deno.test("a package has to end before its bytes do: QEMU reads on in it, and finds none", () => {
  const packagedCommand = command(7, { offset: 100, length: 9, blobLength: 20 });
  const cut = run({}, packagedCommand, command(11, { offset: 110 }), command(2, { offset: 129 }));
  assertEquals(cut.verdict, "error(truncated-main)");
  const postcopy = run({}, packagedCommand, command(5, { offset: 110 }), command(11, { offset: 129 }), config(0, 5));
  assertEquals(postcopy.verdict, "ok");
});

Deno.test("a device that the stream names behind SWITCHOVER_START is loaded with the others", () => {
  const late = [connect(0), connect(1), configuration, sw, start(), data(0, 1), config(1, 5), eof];
  assertEquals(runBare({}, late).verdict, "ok");
});
