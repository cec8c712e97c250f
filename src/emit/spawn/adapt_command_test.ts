import { assertEquals, assertThrows } from "@std/assert";
import { adaptCommand, type AdaptOptions } from "./adapt_command.ts";
import { SpawnError } from "./spawn_error.ts";

const OURS = "-incoming defer -qmp unix:/t/qmp,server=on,wait=off";

function adapt(
  words: string,
  options: Partial<AdaptOptions> = {},
): { readonly command: string; readonly notes: readonly string[] } {
  const { program, args, notes } = adaptCommand(words.split(" "), { recorded: false, monitor: "/t/qmp", ...options });
  assertEquals(args.slice(-4).join(" "), OURS);
  return { command: [program, ...args.slice(0, -4)].join(" "), notes };
}

Deno.test("adaptCommand() changes of a user's command only what migwire cannot do with", () => {
  const kept =
    "qemu-system-x86_64 -S -msg timestamp=on -qmp unix:mine,server=on,wait=off -monitor none -D log -trace x " +
    "-d unimp -pidfile pid -chardev null,id=c -mon chardev=c,mode=control disk.img";
  assertEquals(adapt(kept), { command: kept, notes: [] });
  assertEquals(adapt("qemu -incoming defer -m 8"), { command: "qemu -m 8", notes: [] });
  assertEquals(adapt("qemu --incoming exec:cat -m 8 -daemonize -incoming tcp::1"), {
    command: "qemu -m 8",
    notes: [
      "--incoming exec:cat is replaced by -incoming defer",
      "-daemonize is left out: QEMU must not get away from migwire, which stops it",
      "-incoming tcp::1 is replaced by -incoming defer",
    ],
  });
});

Deno.test("adaptCommand() leaves alone what stands before QEMU", () => {
  for (const words of ["env -i A=b ./qemu-system-arm -m 8", "nice -n 5 qemu -S", "./start.sh -daemon"]) {
    assertEquals(adapt(words), { command: words, notes: [] });
  }
  // The value of an option that is not QEMU's is no option of QEMU's.
  assertEquals(adapt("timeout -k 5 60 qemu -incoming x -S").command, "timeout -k 5 60 qemu -S");
});

Deno.test("adaptCommand() takes the recorder's options out of a recorded command", () => {
  const words =
    "qemu-system-x86_64 -M pc -S -msg timestamp=on -incoming defer -qmp unix:a,server=on -qmp-pretty stdio " +
    "-chardev socket,id=charmonitor,fd=22,server=on -mon chardev=charmonitor,id=monitor,mode=control -chardev null,id=c " +
    "-mon hmp,mode=readline -D log -d unimp -dfilter 0..1 -trace a -trace b --pidfile pid -daemonize -m 8";
  assertEquals(adapt(words, { recorded: true }), {
    command: "qemu-system-x86_64 -M pc -S -msg timestamp=on -chardev null,id=c -mon hmp,mode=readline -m 8",
    notes: [
      "-qmp, -qmp-pretty, -chardev, -mon, -D, -d, -dfilter, -trace, --pidfile of the recording are left out",
      "-daemonize is left out: QEMU must not get away from migwire, which stops it",
    ],
  });
  assertEquals(adapt("qemu -mon c,mode=control -chardev pty,id=c", { recorded: true }).command, "qemu");
  assertEquals(adapt("qemu -D log", { recorded: true }).notes, ["-D of the recording is left out"]);
});

Deno.test("adaptCommand() starts nothing but a QEMU of the system for a recorded command", () => {
  const started = (program: string, binary?: string) =>
    adapt(`${program} -S`, { recorded: true, ...(binary === undefined ? {} : { binary }) });
  for (const program of ["qemu-system-arm", "/usr/libexec/qemu-kvm", "/opt/qemu/bin/qemu-system-x86_64"]) {
    assertEquals(started(program), { command: `${program} -S`, notes: [] });
  }
  for (const program of ["./qemu-system-arm", "/home/x/qemu-system-arm", "/usr/../home/x/qemu-system-arm"]) {
    assertEquals(started(program), {
      command: "qemu-system-arm -S",
      notes: [`qemu-system-arm is started as the system finds it, not ${program}`],
    });
    assertEquals(started(program, "/mine/qemu"), { command: "/mine/qemu -S", notes: [] });
  }
  for (const program of ["sh", "/bin/rm", "env", "qemu-system-x86_64/../sh"]) {
    const error = assertThrows(() => started(program), SpawnError, `it begins with "${program}", which is no QEMU`);
    assertEquals([error.code, error.hint.includes("--spawn")], ["recorded", true]);
  }
});

Deno.test("adaptCommand() starts the machine that an alias stood for, if the stream says the same", () => {
  const machine = "pc-i440fx-10.0";
  const recorded = { recorded: true, version: "10.0.2", machine };
  const cases: [string, Partial<AdaptOptions>, string][] = [
    ["-M pc", recorded, "-M pc-i440fx-10.0"],
    ["-machine pc,accel=kvm", recorded, "-machine pc-i440fx-10.0,accel=kvm"],
    ["-machine accel=kvm,type=pc", recorded, "-machine accel=kvm,type=pc-i440fx-10.0"],
    ['-machine {"type":"pc"}', recorded, '-machine {"type":"pc-i440fx-10.0"}'],
    ["-M pc-i440fx-10.0", recorded, "-M pc-i440fx-10.0"],
    // It was not the same, or that is not known.
    ["-M q35", recorded, "-M q35"],
    ["-M pc", { ...recorded, version: "11.1.3" }, "-M pc"],
    ["-M pc", { ...recorded, version: "?" }, "-M pc"],
    ["-M pc", { ...recorded, machine: "pc-i440fx-noble" }, "-M pc"],
    ["-M pc", { recorded: true, machine }, "-M pc"],
    ["-M pc", { ...recorded, recorded: false }, "-M pc"],
  ];
  for (const [words, options, started] of cases) {
    const { command, notes } = adapt(`qemu-system-x86_64 ${words}`, options);
    assertEquals([command, notes.length], [`qemu-system-x86_64 ${started}`, started === words ? 0 : 1], words);
  }
  const virt = { recorded: true, version: "10.0.2", machine: "virt-10.0" };
  assertEquals(adapt("qemu-system-aarch64 -M virt", virt), {
    command: "qemu-system-aarch64 -M virt-10.0",
    notes: ["-M virt-10.0 is started: virt stood for it in QEMU 10.0.2"],
  });
});

Deno.test("adaptCommand() refuses an empty command, and writes commas of a path twice", () => {
  assertThrows(() => adaptCommand([], { recorded: false, monitor: "/x" }), SpawnError, "it is empty");
  assertEquals(
    adaptCommand(["qemu"], { recorded: false, monitor: "/a,b" }).args.at(-1),
    "unix:/a,,b,server=on,wait=off",
  );
});
