import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Capture, CaptureManifest } from "../../src/capture/mod.ts";
import { memoryCapture } from "../../testing/memory_capture.ts";
import type { ParsedArgs } from "../command.ts";
import { UsageError } from "../exit.ts";
import { parseCommand } from "../parse.ts";
import { definition } from "../replay.ts";
import { changeOptions, checkTogether, destinationOption, limitOption, paceOption, settingOptions } from "./options.ts";

function parse(...argv: readonly string[]): ParsedArgs {
  return parseCommand(definition, ["capture", ...argv]);
}

/** A capture whose destination was started so. */
function startedWith(command?: readonly string[]): Pick<Capture, "manifest"> {
  return { manifest: { name: "made", destination: command === undefined ? {} : { command } } as CaptureManifest };
}

const RECORDED = startedWith(["qemu-system-x86_64", "-m", "8"]);

Deno.test("destinationOption() takes an address, with its monitor and where it listens", async () => {
  const to = { kind: "tcp", host: "127.0.0.1", port: 4444 } as const;
  assertEquals(await destinationOption(parse("--to", "tcp::4444"), {}), { target: { kind: "address", to } });
  const args = parse("--to=tcp::4444", "--qmp=unix:/q", "--listen=tcp:0.0.0.0:1");
  assertEquals(await destinationOption(args, {}), {
    target: {
      kind: "address",
      to,
      qmp: { kind: "unix", path: "/q" },
      listen: { kind: "tcp", host: "0.0.0.0", port: 1 },
    },
  });
});

Deno.test("destinationOption() takes a directory", async () => {
  for (const [text, directory] of [["dir:out", "out"], ["dir:a b/c", "a b/c"], ["out/", "out/"], ["./x/", "./x/"]]) {
    const target = { kind: "nowhere", name: `dir:${directory}` } as const;
    assertEquals(await destinationOption(parse("--to", text ?? ""), {}), { target, directory: directory ?? "" });
  }
});

Deno.test("destinationOption() takes a command, or the recorded one", async () => {
  assertEquals(await destinationOption(parse('--spawn=qemu -name "a b"'), RECORDED), {
    target: { kind: "spawn", argv: ["qemu", "-name", "a b"], recorded: false },
  });
  const argv = ["qemu-system-x86_64", "-m", "8"];
  assertEquals(await destinationOption(parse("--spawn"), RECORDED), {
    target: { kind: "spawn", argv, recorded: true },
  });
  assertEquals(await destinationOption(parse("--binary", "./qemu", "--spawn"), RECORDED), {
    target: { kind: "spawn", argv, recorded: true, binary: "./qemu" },
  });
});

Deno.test("destinationOption() says what is wrong", async () => {
  for (
    const [argv, message] of [
      [[], "Cannot replay without a target: --to ADDR, or --spawn"],
      [["--binary", "q"], "Cannot use --binary without --spawn"],
      [["--spawn=q", "--binary=q"], "Cannot use --binary with a command of your own: it names a program"],
      [
        ["--to=4444"],
        'Cannot use --to. Cannot read the address "4444": write it as tcp:HOST:PORT, tcp::PORT or unix:PATH',
      ],
      [["--to=tcp::1", "--qmp=q"], "Cannot use --qmp. Cannot read the address"],
      [["--to=tcp::1", "--qmp=unix:q", "--listen=x"], "Cannot use --listen. Cannot read the address"],
      [["--to=dir:"], "Cannot use --to. Cannot read the address"],
      ...["to=tcp::1", "qmp=unix:q", "listen=tcp::1"].map((other) =>
        [
          ["--spawn=q", `--${other}`],
          "Cannot use --spawn together with --to, --qmp or --listen: a target that is started is known",
        ] as const
      ),
    ] as const
  ) {
    await assertRejects(() => destinationOption(parse(...argv), RECORDED), UsageError, message);
  }
  for (const capture of [startedWith(), startedWith([]), {}]) {
    await assertRejects(
      () => destinationOption(parse("--spawn"), capture),
      UsageError,
      "Cannot start the recorded destination: the capture names no command; give one to --spawn",
    );
  }
});

Deno.test("checkTogether() refuses what has no effect together", () => {
  for (
    const [argv, message] of [
      [["--to=dir:x", "--qmp=unix:q"], "Cannot use --qmp together with --to dir:PATH"],
      [["--to=x/", "--record=y"], "Cannot use --record together with --to dir:PATH: it writes a capture already"],
      [["--to=dir:x", "--examine"], "Cannot use --examine without the target's monitor: --qmp, or --spawn"],
      [["--to=tcp::1", "--cont"], "Cannot use --cont without the target's monitor"],
      [["--to=tcp::1", "--uuid=target"], "Cannot use --uuid target without the target's monitor"],
      [["--to=tcp::1", "--listen=tcp::2"], "Cannot use --listen without the target's monitor"],
      [["--to=tcp::1", "--capability=a=on"], "Cannot use --capability without the target's monitor"],
      [["--to=tcp::1", "--parameter=a=1"], "Cannot use --parameter without the target's monitor"],
      [["--to=tcp::1", "--multifd=on"], "Cannot use --multifd without the target's monitor"],
      [["--to=tcp::1", "--multifd-channels=2"], "Cannot use --multifd-channels without the target's monitor"],
      [["--to=tcp::1", "--switchover-ack=on"], "Cannot use --switchover-ack without the target's monitor"],
      [["--spawn=q", "--examine", "--record=x"], "Cannot use --record together with --examine: nothing is sent"],
      [["--to=tcp::1", "--verbatim", "--seed=1"], "Cannot use --seed together with --verbatim"],
      [["--to=tcp::1", "--verbatim", "--reserialise"], "Cannot use --reserialise together with --verbatim"],
      [["--to=tcp::1", "--step", "--json"], "Cannot use --step together with --json"],
    ] as const
  ) {
    assertThrows(() => checkTogether(parse(...argv)), UsageError, message);
  }
  assertThrows(
    () => checkTogether(parseCommand(definition, ["-", "--to=tcp::1", "--step"])),
    UsageError,
    "Cannot use --step with a capture from standard input",
  );
  checkTogether(parse("--spawn=q", "--examine", "--cont", "--uuid=target", "--capability=a=on", "--step"));
  checkTogether(parse("--to=tcp::1", "--qmp=tcp::2", "--listen=tcp::3", "--record=x", "--json"));
});

Deno.test("changeOptions() says how what is sent differs", () => {
  assertEquals(changeOptions(parse()), { changes: {}, targetUuid: false });
  assertEquals(changeOptions(parse("--uuid=target")), { changes: {}, targetUuid: true });
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  const argv = ["--channels=3", "--seed=7", `--uuid=${uuid}`, "--reserialise", "--page-size=4KiB"];
  assertEquals(changeOptions(parse(...argv, "--switchover-start=after-packets", "--connect-order=1,0,2")), {
    changes: {
      channels: 3,
      seed: 7,
      uuid,
      reserialise: true,
      pageSize: 4096,
      switchoverStart: "after-packets",
      connectOrder: [1, 0, 2],
    },
    targetUuid: false,
  });
  for (const order of ["main-first", "main-last", "recorded"] as const) {
    assertEquals(changeOptions(parse(`--connect-order=${order}`)).changes, { connectOrder: order });
  }
  for (
    const [argument, message] of [
      ["--uuid=me", 'Cannot use "me" for --uuid: write a UUID, or "target" for that of the target'],
      ["--channels=0", "Cannot use 0 for --channels: it is a number from 1 to 255"],
      ["--channels=256", "Cannot use 256 for --channels"],
      ["--connect-order=first", 'Cannot use "first" for --connect-order: main-first, main-last, recorded, or numbers'],
      ["--connect-order=1,,2", 'Cannot use "1,,2" for --connect-order'],
      ["--page-size=3", "Cannot use --page-size. A page of 3 bytes is that of no target"],
    ] as const
  ) {
    assertThrows(() => changeOptions(parse(argument)), UsageError, message);
  }
});

Deno.test("settingOptions() takes capabilities and parameters as QMP has them", () => {
  assertEquals(settingOptions(parse()), { capabilities: {}, parameters: {} });
  const argv = ["--capability=a=on", "--capability=b=off", "--multifd=on", "--switchover-ack=off"];
  const parameters = ["n=5", "s=a=b", "e=", "yes=on", "no=off", "t=true", "f=false", "tcp=1x"];
  assertEquals(
    settingOptions(
      parse(
        ...argv,
        ...parameters.map((one) => `--parameter=${one}`),
        "--multifd-channels=8",
        "--multifd-compression=zstd",
      ),
    ),
    {
      capabilities: { "a": true, "b": false, "multifd": true, "switchover-ack": false },
      parameters: {
        "n": 5,
        "s": "a=b",
        "e": "",
        "yes": true,
        "no": false,
        "t": true,
        "f": false,
        "tcp": "1x",
        "multifd-channels": 8,
        "multifd-compression": "zstd",
      },
    },
  );
  for (
    const [argument, message] of [
      ["--capability=a", 'Cannot use "a" for --capability: write NAME=VALUE'],
      ["--capability=a=1", 'Cannot use "a=1" for --capability: NAME=on or NAME=off'],
      ["--parameter==1", 'Cannot use "=1" for --parameter: write NAME=VALUE'],
    ] as const
  ) {
    assertThrows(() => settingOptions(parse(argument)), UsageError, message);
  }
});

Deno.test("paceOption() takes a speed where times were recorded, or a bandwidth", () => {
  const timed = memoryCapture([{ bytes: new Uint8Array(10) }], [
    { t: 0, ch: 0, ev: "open" },
    { t: 1e9, ch: 0, dir: "s2d", off: 0, len: 5 },
    { t: 3e9, ch: 0, dir: "s2d", off: 5, len: 5 },
  ]);
  const due = (argument: string): number[] => {
    const pace = paceOption(parse(argument), timed);
    return [5, 10].map((end) => pace?.due({ count: 5, connection: 0, end }, 0) ?? -1);
  };
  assertEquals(due("--speed=1x"), [0, 2000]);
  assertEquals(due("--speed=4"), [0, 500]);
  assertEquals(due("--speed=0.5x"), [0, 4000]);
  assertEquals(due("--mbps=0.008"), [0, 5]);
  assertEquals(paceOption(parse(), timed), undefined);
  for (
    const [argv, message] of [
      [["--speed=fast"], 'Cannot use "fast" for --speed: it is a number above 0'],
      [["--speed=0x"], 'Cannot use "0x" for --speed'],
      [["--mbps=-1"], 'Cannot use "-1" for --mbps'],
      [["--mbps=1e999"], 'Cannot use "1e999" for --mbps'],
      [["--mbps=1", "--speed=1"], "Cannot use --speed, --mbps and --step together: choose one"],
      [["--mbps=1", "--step"], "Cannot use --speed, --mbps and --step together"],
    ] as const
  ) {
    assertThrows(() => paceOption(parse(...argv), timed), UsageError, message);
  }
  assertThrows(
    () => paceOption(parse("--speed=1x"), {}),
    UsageError,
    "Cannot use --speed: no times were recorded (there is no events.jsonl)",
  );
});

Deno.test("limitOption() takes seconds, and nothing is waited for no time at all", () => {
  assertEquals(limitOption(parse()), {});
  assertEquals(limitOption(parse("--timeout=1.5")), { connectMs: 1500, stallMs: 1500, verdictMs: 1500 });
  assertEquals(limitOption(parse("--timeout=0.00001")).stallMs, 1);
  assertThrows(() => limitOption(parse("--timeout=0")), UsageError, 'Cannot use "0" for --timeout');
});
