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

Deno.test("adaptCommand() refuses an empty command, and writes commas of a path twice", () => {
  assertThrows(() => adaptCommand([], { recorded: false, monitor: "/x" }), SpawnError, "it is empty");
  assertEquals(
    adaptCommand(["qemu"], { recorded: false, monitor: "/a,b" }).args.at(-1),
    "unix:/a,,b,server=on,wait=off",
  );
});
