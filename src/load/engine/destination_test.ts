import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  answer,
  type BenchEvent,
  type BenchOptions,
  cancel,
  command,
  config,
  connect,
  data,
  eof,
  flush,
  initDataSent,
  mainClosed,
  mainConfig,
  mainData,
  mainFinding,
  part,
  ram,
  ramEos,
  returnPath,
  run,
  runBare,
  SET_UP,
  settingsOf,
  start,
  sw,
  sync,
} from "../../../testing/destination_bench.ts";
import { DEVICE } from "../../../testing/memory_capture.ts";
import type { BaseRecord, MultifdDeviceStateRecord } from "../../stream/mod.ts";
import type { Finding } from "../../wire/mod.ts";
import { Destination, PACKET_LIMIT } from "./destination.ts";

const mainMode: BenchOptions = { devices: { [DEVICE]: { multifdTransfer: false } } };
const acknowledged: BenchOptions = { switchoverAck: true };

/** A destination that the events of the usual setup have reached. */
function destination(options: BenchOptions = {}): Destination<string> {
  const made = new Destination<string>(settingsOf(options), { write: () => {}, loadConfig: () => {} });
  for (const { happen, record } of SET_UP) {
    if (record === undefined) happen?.(made);
    else made.main(record, "main");
  }
  return made;
}

function finding(fields: Partial<Finding>): Finding {
  return { severity: "error", code: "broken", channel: "multifd 0", offset: 0, message: "broken", ...fields };
}

/** The record of an event that is one. */
function recordOf({ record }: BenchEvent): BaseRecord {
  if (record === undefined) throw new TypeError("the event has no record");
  return record;
}

/** A device-state packet, as `data()` makes it. */
function packetOf(event: BenchEvent): MultifdDeviceStateRecord {
  return recordOf(event) as MultifdDeviceStateRecord;
}

Deno.test("a destination reads no more of the main channel while a device takes what came on it", () => {
  const outcome = runBare({ ...mainMode, slow: true }, SET_UP, part(), mainData(5), mainFinding("bad", "bad"));
  assertEquals(outcome.verdict, "would-hang(device)");
  assertEquals(runBare({ ...mainMode, slow: true }, SET_UP, part(), mainData(5), answer, eof).verdict, "ok");
});

Deno.test("a connection that is refused ends the main channel, and is an error once", () => {
  const made = destination();
  assertEquals(made.mainWait, undefined);
  const refused = new Destination<string>(settingsOf({}), { write: () => {}, loadConfig: () => {} });
  assertEquals([refused.connect(0), refused.connect(0), refused.mainWait], ["accepted", "accepted", "end"]);
  assertEquals(refused.errors.map(({ code }) => code), ["channel-id"]);
});

Deno.test("a source that goes away behind the EOF byte takes nothing back", () => {
  assertEquals(run({}, sw, data(0, 1), config(1, 5), eof, cancel).verdict, "ok");
  assertEquals(run({}, sw, data(0, 1), config(1, 5), eof, cancel).errors, []);
});

Deno.test("the first error of the main channel stands, and the first of the channels", () => {
  const main = runBare({}, SET_UP, mainFinding("first", "First"), cancel);
  assertEquals([main.errors[0], main.errors.includes("error(truncated-main)")], ["error(first)", false]);
  const made = destination();
  made.channelFinding(finding({ code: "one" }));
  made.channelFinding(finding({ code: "two" }));
  assertEquals(made.errors.map(({ code }) => code), ["one"]);
});

Deno.test("an error of a channel has the name of the device whose packet it is in", () => {
  const texts = (packet?: MultifdDeviceStateRecord): unknown => {
    const made = destination({ devices: { [DEVICE]: { name: "GPU" } } });
    made.channelFinding(finding({ qemu: "NAME: packet too short" }), packet);
    return made.errors.map(({ qemu }) => qemu);
  };
  assertEquals(texts(packetOf(data(0, 1))), ["GPU: packet too short"]);
  assertEquals(texts(), ["NAME: packet too short"]);
});

Deno.test("an error without a text of QEMU's has none in a hang that follows it", () => {
  const events = [sw, data(1, 1), eof];
  const channelError = (fields: Partial<Finding>): BenchEvent => ({
    channel: 0,
    happen: (made) => made.channelFinding(finding(fields)),
  });
  const silent = runBare({}, SET_UP, events, channelError({})).full;
  assertEquals([silent.code, "qemu" in silent], ["channel-error-after-end", false]);
  assertEquals(runBare({}, SET_UP, events, channelError({ qemu: "says" })).full.qemu, "says");
  const barrier = runBare({}, SET_UP, flush, channelError({})).full;
  assertEquals([barrier.code, "qemu" in barrier], ["barrier", false]);
  assertStringIncludes(barrier.reason, "after an error on a channel: broken");
});

Deno.test("the destination answers nothing more once it hangs or has aborted, and a PING only on a return path", () => {
  const ping = command(2, { value: 7 });
  assertEquals(run({}, ping, sw, config(0, 5)).answers, []);
  const pong = { message: "PONG", value: 7 } as const;
  const [hung, aborted] = [run({}, returnPath, ping, sw), run({}, returnPath, ping, sw, data(1, 1), sw)];
  assertEquals([hung.verdict, hung.answers], ["would-hang(no-packets)", [pong]]);
  assertEquals([aborted.verdict, aborted.answers], ["would-abort(double-start)", [pong]]);
  assertEquals(run({}, returnPath, ping, sw, config(0, 5)).answers, [pong, { message: "SHUT", value: 0 }]);
});

Deno.test("a destination without multifd passes no barriers", () => {
  const made = destination({ ...mainMode, multifd: false });
  made.main(recordOf(flush));
  assertEquals([made.barriersPassed, made.mainWait], [0, undefined]);
});

Deno.test("a destination with one channel waits at a barrier for its SYNC", () => {
  const one: BenchOptions = { ...mainMode, channels: 1 };
  const setUp = SET_UP.filter((_, i) => i !== 1);
  assertEquals(runBare(one, setUp, flush, eof).verdict, "would-hang(barrier)");
  assertEquals(runBare(one, setUp, flush, sync(0), eof).verdict, "ok");
});

Deno.test("a config that waits for the main channel is not loaded before all channels have had their SYNC", () => {
  const events = [sw, flush, data(0, 1), config(1, 5), sync(0)];
  assertEquals(run({}, events).configs, {});
  assertEquals(run({}, events, sync(1)).configs, { [DEVICE]: 1 });
});

Deno.test("a hang at a barrier is told as one of another way of barriers only if the source showed it", () => {
  assertEquals(run({ barriers: "section" }, start("ram"), ramEos).verdict, "would-hang(barrier)");
  assertEquals(run({}, flush).verdict, "would-hang(barrier)");
  // Nothing sleeps, and no barrier came.
  assertEquals(run({}, sw, data(1, 1)).verdict, "would-hang(missing-idx)");
});

Deno.test("channels of which nothing is told do not sleep at a SYNC too many", () => {
  const made = destination(mainMode);
  made.packet(0, recordOf(sync(0)));
  made.main(recordOf(eof));
  assertEquals([made.finish().kind, made.warnings.some(({ code }) => code === "surplus-sync")], ["ok", false]);
});

Deno.test("a device that the destination has not is an error in the words of its version", () => {
  const text = (qemu: string): unknown => {
    const { verdict, full } = run({ qemu }, start("0000:00:09.0/vfio"));
    return [verdict, full.qemu];
  };
  const rest =
    "section or instance '0000:00:09.0/vfio' 0. Make sure that your current VM setup matches your saved VM " +
    "setup, including any hotplugged devices";
  assertEquals(text("10.2"), ["error(unknown-section)", `Unknown ${rest}`]);
  assertEquals(text("10.0"), ["error(unknown-section)", `Unknown savevm ${rest}`]);
});

Deno.test("a thousand warnings are kept, and no more", () => {
  const warnings = (count: number): number => {
    const empty = Array.from({ length: count }, (_, idx) => data(idx, 0));
    return run({}, sw, empty, config(count, 5)).warnings.filter((code) => code === "empty-buffer").length;
  };
  assertEquals([warnings(999), warnings(1000), warnings(1001)], [999, 1000, 1000]);
});

Deno.test("a packet that is too short for VFIO's header reaches no device", () => {
  const made = destination();
  const { idx: _, ...short } = packetOf(data(0, 1));
  made.packet(0, short as MultifdDeviceStateRecord);
  assertEquals([made.devices[0]?.loader?.waiting, made.errors, made.warnings], [0, [], []]);
});

Deno.test("a packet that the destination cannot hold is refused before its section is looked for", () => {
  const made = destination();
  made.packet(0, packetOf(data(0, PACKET_LIMIT, { idstr: "0000:00:09.0/vfio" })));
  assertEquals(made.errors.map(({ kind, code }) => [kind, code]), [["would-abort", "allocation"]]);
});

Deno.test("flags of a buffer that mean nothing are told, the highest as well as the lowest", () => {
  const warnings = (vfioFlags: number): string[] => {
    const made = destination();
    made.packet(0, packetOf(data(0, 1, { vfioFlags })), "buffer");
    return made.warnings.map(({ message }) => message);
  };
  const says = (flags: string): string[] => [`"${DEVICE}": buffer 0 has flags ${flags} that mean nothing`];
  assertEquals([warnings(0), warnings(1)], [[], []]);
  assertEquals([warnings(0x8000_0001), warnings(2)], [says("0x80000000"), says("0x2")]);
});

Deno.test("a main channel that was cut in a section has the name of its device in QEMU's text", () => {
  const text = (qemu: string): string | undefined =>
    runBare({ devices: { [DEVICE]: { name: "GPU" } } }, SET_UP, part(), {
      channel: "main",
      happen: (made) => made.mainClosed(qemu),
    }).full.qemu;
  assertEquals(text("NAME: Unknown tag 0x0"), "GPU: Unknown tag 0x0");
  assertEquals(runBare({}, SET_UP, mainClosed).full.code, "truncated-main");
});

Deno.test("data of no bytes on the main channel are not given to the device", () => {
  let writes = 0;
  const count: BenchOptions = { ...mainMode, write: ({ length, from }) => (writes++, length - from) };
  assertEquals([run(count, part(), mainData(0)).verdict, writes], ["ok", 0]);
  assertEquals([run(count, part(), mainData(1)).verdict, writes], ["ok", 1]);
});

Deno.test("a device takes data of the main channel in as many parts as it likes", () => {
  const parts: [from: number, length: number][] = [];
  const write: BenchOptions["write"] = ({ from, length }) => (parts.push([from, length]), Math.min(2, length - from));
  assertEquals(run({ ...mainMode, write }, part(), mainData(5), eof).verdict, "ok");
  assertEquals(parts, [[0, 5], [2, 5], [4, 5]]);
});

Deno.test("INIT_DATA_SENT of a device is acknowledged on the return path", () => {
  const { answers } = run(acknowledged, returnPath, part(), initDataSent, sw, config(0, 5));
  assertEquals(answers.map(({ message }) => message), ["SWITCHOVER_ACK", "SHUT"]);
});

Deno.test("what comes on a channel before it is connected waits", () => {
  assertEquals(runBare({}, [connect(0), data(0, 1)], eof).verdict, "would-hang(channel-count)");
});

Deno.test("more connections than the destination takes are told with their number, or that it has multifd off", () => {
  const reason = (options: BenchOptions, ...connections: number[]): string =>
    runBare({ ...mainMode, ...options }, connections.map(connect), mainClosed).full.reason;
  assertStringIncludes(reason({}, 0, 1, 2), "3 multifd channels, the destination takes 2: ");
  assertEquals(reason({ multifd: false }, 0), "1 multifd channels, but the destination has multifd off");
});

Deno.test("packets behind a SYNC too many are counted by kind", () => {
  const { verdict, full } = run(
    {},
    [sync(0), sync(1), flush, sync(0)],
    ram(0),
    [sw, config(0, 5, { channel: 1 })],
    data(1, 1),
  );
  assertEquals(verdict, "lost-state(unread-after-sync)");
  assertStringIncludes(full.reason, "1 RAM packets and 1 device-state packets behind it");
});

Deno.test("a device that is loaded from the main channel counts its records, bytes and config", () => {
  const made = new Destination<string>(settingsOf(mainMode), {
    write: (device, _data, from, length) => device.written(length - from),
    loadConfig: (device) => device.configLoaded(),
  });
  const counts = (): unknown => made.devices.map((each) => [each.mainRecords, each.mainBytes, each.mainConfig]);
  for (const { happen, record } of [...SET_UP, part(), mainData(5), mainData(0), mainData(7)]) {
    if (record === undefined) happen?.(made);
    else made.main(record, "main");
  }
  assertEquals(counts(), [[3, 12, false]]);
  made.main(recordOf(mainConfig), "config");
  assertEquals(counts(), [[3, 12, true]]);
});

Deno.test("a device in main mode that refuses its config fails the load in its own words", () => {
  const refusal = { code: "config", qemu: "NAME: vfio_load_device_config_state() failed: -22" };
  const { verdict, full } = run({ ...mainMode, config: () => refusal }, part(), mainConfig);
  assertEquals([verdict, full.qemu, full.device], ["error(config)", refusal.qemu, "NAME"]);
});

Deno.test("barriers that were passed are counted", () => {
  const made = destination(mainMode);
  const counts = [0, 1, 2].map(() => {
    for (const channel of [0, 1]) made.packet(channel, recordOf(sync(channel)));
    made.main(recordOf(flush));
    return made.barriersPassed;
  });
  assertEquals(counts, [1, 2, 3]);
});

Deno.test("a connection that mapped-ram has no use for is refused without a text of QEMU's", () => {
  const made = new Destination<string>(settingsOf({ mappedRam: true }), { write: () => {}, loadConfig: () => {} });
  assertEquals(made.connect(0), "surplus");
  assertEquals(made.errors.map((error) => [error.code, "qemu" in error]), [["config", false]]);
});

Deno.test("one MULTIFD_FLUSH is enough to tell that the source marks its barriers so", () => {
  assertEquals(run({ barriers: "section" }, flush).verdict, "would-hang(sync-mode)");
});

Deno.test("a packet that makes QEMU abort does so whatever else waits", () => {
  assertEquals(runBare({}, SET_UP, sw, eof, data(0, PACKET_LIMIT)).verdict, "would-abort(allocation)");
});

Deno.test("a device's hang is put down to the way of barriers only if its own packets are behind a SYNC of the other", () => {
  const others = [start("ram"), ramEos, sync(0), sync(1)];
  assertEquals(run({}, others, ram(0), sw).verdict, "would-hang(no-packets)");
  assertEquals(run({}, others, data(0, 1), sw).verdict, "would-hang(sync-mode)");
  const same = [sync(0), sync(1), flush, sync(0)];
  assertEquals(run({}, same, data(0, 1), sw).verdict, "would-hang(no-packets)");
});

Deno.test("a packet for a section that is no VFIO device is refused, whatever devices the destination may have", () => {
  const { verdict, full } = run({ devices: { [DEVICE]: {}, ram: {} } }, data(0, 1, { idstr: "ram" }));
  assertEquals([verdict, full.qemu], [
    "error(no-loader)",
    "idstr ram / instance 0 has no load state buffer operation",
  ]);
});
