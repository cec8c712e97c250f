import { assertEquals } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  type BenchOptions,
  config,
  configuration,
  connect,
  data,
  end,
  eof,
  flush,
  full,
  mainClosed,
  mainConfig,
  mainData,
  ram,
  run,
  runBare,
  SET_UP,
  start,
  sw,
} from "../../../testing/destination_bench.ts";

const mainMode: BenchOptions = { devices: { [DEVICE]: { multifdTransfer: false } } };

Deno.test("row 15: device packets for a device in main mode are an error, which may come too late", () => {
  const { verdict, full, warnings } = run(mainMode, sw, data(0, 1), config(1, 5));
  assertEquals(
    [verdict, full.qemu],
    ["error(mode-mismatch)", "NAME: got device state packet but not doing multifd transfer"],
  );
  assertEquals(warnings.includes("lost-state-race"), true);
});

Deno.test("row 16: data on the main channel are loaded, the config there is an error in multifd mode", () => {
  const { verdict, full: text, warnings } = run({}, sw, end(), mainData(10), full(), mainConfig);
  assertEquals(
    [verdict, text.qemu],
    [
      "error(mode-mismatch)",
      "NAME: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer",
    ],
  );
  assertEquals(warnings.includes("mixed-data"), true);
});

Deno.test("row 18: a device over multifd cannot be set up without multifd, or with compression or mapped-ram", () => {
  const alone = [configuration, start(), eof];
  const cases: [BenchOptions, Parameters<typeof runBare>[1]][] = [
    [{ multifd: false }, alone],
    [{ mappedRam: true }, alone],
    [{ compression: "zstd" }, [connect(0), connect(1), ...alone]],
  ];
  // Also where the stream ends before it names the device.
  const present = [{ idstr: DEVICE, instanceId: 0 }];
  cases.push([{ multifd: false, present }, [configuration, mainClosed]]);
  for (const [options, events] of cases) {
    const { verdict, full } = runBare(options, events);
    assertEquals(
      [verdict, full.qemu],
      ["error(config)", "NAME: Multifd device transfer requested but unsupported in the current config"],
    );
  }
});

Deno.test("row 19: a device packet before the main channel set the devices up is an error", () => {
  const { verdict, full } = runBare({}, connect(0), connect(1), data(0, 1), configuration, start(), sw, eof);
  assertEquals(
    [verdict, full.qemu],
    ["error(too-early)", "NAME: got device state packet but not doing multifd transfer"],
  );
});

Deno.test("row 29: QEMU before 10.0 does not know SWITCHOVER_START", () => {
  const { verdict, full } = run({ ...mainMode, qemu: "9.2" }, sw);
  assertEquals([verdict, full.qemu], ["error(unknown-command)", "MIG_CMD 0xb unknown (len 0x0)"]);
});

Deno.test("row 74: MULTIFD_FLUSH is ignored while multifd is off", () => {
  assertEquals(runBare({ ...mainMode, multifd: false }, configuration, start(), flush, eof).verdict, "ok");
});

Deno.test("row 75: with mapped-ram there are no multifd connections", () => {
  assertEquals(
    runBare({ ...mainMode, mappedRam: true }, connect(0), configuration, start(), eof).verdict,
    "error(config)",
  );
});

Deno.test("row 76: a channel id that equals the number of channels is refused, in words from 11.0 on", () => {
  const connections = [connect(0), connect(2)];
  const { verdict, full } = runBare({}, connections);
  assertEquals([verdict, full.qemu], ["error(channel-id)", undefined]);
  const newer = runBare({ qemu: "11.1.3" }, connections);
  assertEquals(
    [newer.verdict, newer.full.qemu],
    ["error(channel-id)", "multifd: received channel id 2 exceeds channel count 2"],
  );
  const greater = runBare({}, connect(3)).full;
  assertEquals(greater.qemu, "multifd: received channel id 3 is greater than number of channels 2");
  assertEquals(runBare({}, connect(1), connect(1)).full.qemu, "multifd: received id '1' already setup'");
});

Deno.test("row 94: more channels than the destination takes are closed, and their pages lost", () => {
  const { verdict, full } = runBare(mainMode, SET_UP, connect(2), connect(3), ram(2), eof);
  assertEquals(
    [verdict, full.qemu],
    ["error(channel-count)", "socket_accept_incoming_migration: Extra incoming migration connection; ignoring"],
  );
});

Deno.test("row 95: with fewer channels than it waits for the destination never starts", () => {
  const { verdict, setUps } = runBare({ channels: 4 }, SET_UP, sw, config(0, 5), eof);
  assertEquals([verdict, setUps], ["would-hang(channel-count)", 0]);
});

Deno.test("row 96: channels are surplus where multifd is on at the source only", () => {
  assertEquals(runBare({ ...mainMode, multifd: false }, SET_UP, eof).verdict, "error(channel-count)");
});
