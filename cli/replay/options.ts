import { ArrivalClock, type Capture } from "../../src/public/capture.ts";
import { type ConnectOrder, type EmitLimits, limitedPace, type Pace, recordedPace } from "../../src/public/emit.ts";
import {
  parseSocketAddress,
  type ReplayChanges,
  type ReplayTarget,
  type SocketAddress,
  type TargetOptions,
  uuidBytes,
} from "../../src/public/replay.ts";
import type { ParsedArgs } from "../command.ts";
import { UsageError } from "../exit.ts";
import { pageSizeOption } from "../page_size.ts";

/** What a destination may write to of a file system. */
const DIRECTORY = /^dir:(.+)$|^(.+\/)$/s;

/** Options that say something to a target by its monitor. */
const MONITOR_OPTIONS = ["listen", "capability", "parameter", "multifd", "multifd-channels", "multifd-compression"]
  .concat("switchover-ack");

/** Options that change what is sent, or its order. */
const CHANGE_OPTIONS = ["channels", "seed", "uuid", "connect-order", "switchover-start"];

/** Flags that need its monitor. */
const MONITOR_FLAGS = ["examine", "cont"];

/** Where the capture goes: a target, and the directory that is to be written, if that is it. */
export interface Destination {
  /** The target. */
  readonly target: ReplayTarget;
  /** A directory for what would be sent. */
  readonly directory?: string;
}

/**
 * Where `--to`, `--qmp`, `--listen` and `--spawn` say that the capture goes.
 *
 * @param args The command line.
 * @param capture The capture, which may have recorded the destination's command.
 */
export async function destinationOption(args: ParsedArgs, capture: Pick<Capture, "manifest">): Promise<Destination> {
  const [to, spawn, binary] = [args.text("to"), args.text("spawn"), args.text("binary")];
  if (spawn === undefined && binary !== undefined) throw new UsageError("Cannot use --binary without --spawn");
  if (spawn !== undefined) {
    if (["to", "qmp", "listen"].some((name) => args.text(name) !== undefined)) {
      throw new UsageError(
        "Cannot use --spawn together with --to, --qmp or --listen: a target that is started is known",
      );
    }
    return { target: await spawnTarget(spawn, binary, capture) };
  }
  if (to === undefined) throw new UsageError("Cannot replay without a target: --to ADDR, or --spawn");
  const [, named, path] = DIRECTORY.exec(to) ?? [];
  const directory = named ?? path;
  if (directory !== undefined) return { target: { kind: "nowhere", name: `dir:${directory}` }, directory };
  const [qmp, listen] = [addressOption(args, "qmp"), addressOption(args, "listen")];
  return {
    target: {
      kind: "address",
      to: address("to", to),
      ...(qmp === undefined ? {} : { qmp }),
      ...(listen === undefined ? {} : { listen }),
    },
  };
}

/**
 * Refuses options that have no effect together: whoever gives them expects one.
 *
 * @param args The command line.
 */
export function checkTogether(args: ParsedArgs): void {
  const [spawn, qmp, to] = [args.text("spawn"), args.text("qmp"), args.text("to")];
  const isDirectory = to !== undefined && DIRECTORY.test(to);
  const wanting = [
    ...MONITOR_OPTIONS.filter((name) => args.texts(name).length > 0),
    ...MONITOR_FLAGS.filter((name) => args.flag(name)),
  ].map((name) => `--${name}`);
  if (args.text("uuid") === "target") wanting.push("--uuid target");
  if (isDirectory && qmp !== undefined) throw new UsageError("Cannot use --qmp together with --to dir:PATH");
  if (isDirectory && args.text("record") !== undefined) {
    throw new UsageError("Cannot use --record together with --to dir:PATH: it writes a capture already");
  }
  const [first] = wanting;
  if (first !== undefined && spawn === undefined && qmp === undefined && to !== undefined) {
    throw new UsageError(`Cannot use ${first} without the target's monitor: --qmp, or --spawn`);
  }
  if (args.flag("examine") && args.text("record") !== undefined) {
    throw new UsageError("Cannot use --record together with --examine: nothing is sent");
  }
  if (args.flag("verbatim")) {
    const changed = CHANGE_OPTIONS.find((name) => args.texts(name).length > 0) ??
      ["reserialise", "step"].find((name) => args.flag(name));
    if (changed !== undefined) throw new UsageError(`Cannot use --${changed} together with --verbatim`);
  }
  if (!args.flag("step")) return;
  if (args.flag("json")) throw new UsageError("Cannot use --step together with --json");
  if (args.operands[0] === "-") throw new UsageError("Cannot use --step with a capture from standard input");
}

async function spawnTarget(
  command: string,
  binary: string | undefined,
  { manifest }: Pick<Capture, "manifest">,
): Promise<ReplayTarget> {
  if (command !== "") {
    if (binary !== undefined) {
      throw new UsageError("Cannot use --binary with a command of your own: it names a program");
    }
    const { splitCommand } = await import("../../src/public/spawn.ts");
    return { kind: "spawn", argv: await splitCommand(command), recorded: false };
  }
  const argv = manifest?.destination?.command;
  if (argv === undefined || argv.length === 0) {
    throw new UsageError("Cannot start the recorded destination: the capture names no command; give one to --spawn");
  }
  return { kind: "spawn", argv, recorded: true, ...(binary === undefined ? {} : { binary }) };
}

function addressOption(args: ParsedArgs, name: string): SocketAddress | undefined {
  const text = args.text(name);
  return text === undefined ? undefined : address(name, text);
}

function address(name: string, text: string): SocketAddress {
  try {
    return parseSocketAddress(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`Cannot use --${name}. ${error.message}`);
    throw error;
  }
}

/**
 * How what is sent differs from what was recorded.
 *
 * @param args The command line.
 */
export function changeOptions(args: ParsedArgs): { readonly changes: ReplayChanges; readonly targetUuid: boolean } {
  const uuid = args.text("uuid");
  const targetUuid = uuid === "target";
  if (uuid !== undefined && !targetUuid && uuidBytes(uuid) === undefined) {
    throw new UsageError(`Cannot use "${uuid}" for --uuid: write a UUID, or "target" for that of the target`);
  }
  const channels = args.number("channels");
  if (channels !== undefined && (channels < 1 || channels > 255)) {
    throw new UsageError(`Cannot use ${channels} for --channels: it is a number from 1 to 255`);
  }
  const given: { readonly [K in keyof ReplayChanges]: ReplayChanges[K] | undefined } = {
    ...pageSizeOption(args),
    channels,
    seed: args.number("seed"),
    uuid: targetUuid ? undefined : uuid,
    reserialise: args.flag("reserialise") || undefined,
    connectOrder: connectOrder(args.text("connect-order")),
    switchoverStart: args.text("switchover-start") as ReplayChanges["switchoverStart"] | undefined,
    verbatim: args.flag("verbatim") || undefined,
  };
  return { changes: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), targetUuid };
}

function connectOrder(text: string | undefined): ConnectOrder | undefined {
  if (text === undefined || text === "main-first" || text === "main-last" || text === "recorded") return text;
  const numbers = text.split(",").map(Number);
  if (/^\d+(,\d+)*$/.test(text)) return numbers;
  throw new UsageError(
    `Cannot use "${text}" for --connect-order: main-first, main-last, recorded, or numbers such as 1,0,2 (0 is main)`,
  );
}

/**
 * Capabilities and parameters that the user wants the target to have.
 *
 * @param args The command line.
 */
export function settingOptions(args: ParsedArgs): TargetOptions {
  const capabilities: Record<string, boolean> = {};
  const parameters: Record<string, unknown> = {};
  for (const text of args.texts("capability")) {
    const [name, value] = assignment("capability", text);
    if (value !== "on" && value !== "off") {
      throw new UsageError(`Cannot use "${text}" for --capability: NAME=on or NAME=off`);
    }
    capabilities[name] = value === "on";
  }
  for (const text of args.texts("parameter")) {
    const [name, value] = assignment("parameter", text);
    parameters[name] = parameterValue(value);
  }
  for (const name of ["multifd", "switchover-ack"]) {
    const state = args.text(name);
    if (state !== undefined) capabilities[name] = state === "on";
  }
  const [channels, compression] = [args.number("multifd-channels"), args.text("multifd-compression")];
  if (channels !== undefined) parameters["multifd-channels"] = channels;
  if (compression !== undefined) parameters["multifd-compression"] = compression;
  return { capabilities, parameters };
}

/** A parameter as QMP takes it. None of QEMU's texts and enumerations looks like a number or a truth. */
function parameterValue(text: string): unknown {
  if (/^\d+$/.test(text)) return Number(text);
  return text === "on" || text === "true" ? true : text === "off" || text === "false" ? false : text;
}

function assignment(option: string, text: string): [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`Cannot use "${text}" for --${option}: write NAME=VALUE`);
  }
  return [name, value];
}

/**
 * How fast it is sent; undefined: as fast as can be.
 *
 * @param args The command line.
 * @param capture The capture, whose times `--speed` needs.
 */
export function paceOption(args: ParsedArgs, { events }: Pick<Capture, "events">): Pace | undefined {
  const [speed, mbps] = [positive(args, "speed", /x$/), positive(args, "mbps")];
  const chosen = [speed !== undefined, mbps !== undefined, args.flag("step")].filter((given) => given).length;
  if (chosen > 1) throw new UsageError("Cannot use --speed, --mbps and --step together: choose one");
  if (mbps !== undefined) return limitedPace(mbps);
  if (speed === undefined) return undefined;
  if (events === undefined) {
    throw new UsageError("Cannot use --speed: no times were recorded (there is no events.jsonl)");
  }
  return recordedPace(new ArrivalClock(events), speed);
}

function positive(args: ParsedArgs, name: string, suffix = /$^/): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const number = Number(text.replace(suffix, ""));
  if (Number.isFinite(number) && number > 0) return number;
  throw new UsageError(`Cannot use "${text}" for --${name}: it is a number above 0`);
}

/**
 * How long things are waited for.
 *
 * @param args The command line.
 */
export function limitOption(args: ParsedArgs): Partial<EmitLimits> {
  const seconds = positive(args, "timeout");
  if (seconds === undefined) return {};
  const ms = Math.ceil(seconds * 1000);
  return { connectMs: ms, stallMs: ms, verdictMs: ms };
}
