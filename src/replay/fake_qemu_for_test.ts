/** A destination with its monitor, at two sockets of the loopback, that does what a test says. @module */

import { qemuAnswers } from "../emit/target/target_for_test.ts";
import { be, bytesOf } from "../../testing/main_stream.ts";
import { closeQuietly } from "../net/mod.ts";
import type { SocketAddress } from "../net/mod.ts";
import { type Answers, GREETING, NO_ANSWER, Refusal } from "../qmp/monitor_for_test.ts";

/** Whether the tests may use the loopback. They are ignored otherwise. */
export const mayUseLoopback: boolean =
  Deno.permissions.querySync({ name: "net", host: "127.0.0.1" }).state === "granted";

/** What a {@linkcode FakeQemu} is, and does. */
export interface FakeQemuScript {
  /** Answers of its monitor, in the place of those of a QEMU 10.0 that is good. */
  readonly answers?: Answers;
  /** Machine type. */
  readonly machine?: string;
  /** Blocks of RAM, and their bytes. */
  readonly blocks?: { readonly [name: string]: number };
  /** Bytes, of all connections together, upon which {@linkcode then} is called. */
  readonly after?: number;
  /** What it does then; it completes if absent. */
  readonly then?: (qemu: FakeQemu) => void | Promise<void>;
  /** It takes connections, and reads nothing. */
  readonly reads?: boolean;
  /** It greets whom connects to its monitor. */
  readonly greets?: boolean;
}

/** Capabilities that it has. */
const CAPABILITIES = ["multifd", "return-path", "switchover-ack", "x-ignore-shared", "events", "postcopy-ram"];

/** Something like a QEMU that waits for a migration. */
export class FakeQemu {
  /** Where the migration comes in. */
  readonly to: SocketAddress;
  /** Its monitor. */
  readonly qmp: SocketAddress;
  /** What its monitor was told, without questions. */
  readonly told: { readonly execute: string; readonly arguments: unknown }[] = [];
  /** `query-migrate`. */
  migration: { readonly [field: string]: unknown } = {};
  /** `query-status`. */
  runState = "inmigrate";
  /** Its monitor says nothing any more. */
  isMute = false;
  /** It reads nothing any more of the migration. */
  isDeaf = false;
  /** Connections of the migration that were opened. */
  opened = 0;
  /** Bytes that came. */
  taken = 0;
  readonly #script: FakeQemuScript;
  readonly #migrationListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #monitorListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** Its ends of the migration's connections, the main one first if it is opened first. */
  readonly #channels: Deno.TcpConn[] = [];
  readonly #monitors: Deno.TcpConn[] = [];
  readonly #running: Promise<void>[] = [];

  /** Begins to listen. */
  constructor(script: FakeQemuScript = {}) {
    this.#script = script;
    this.to = { kind: "tcp", host: "127.0.0.1", port: this.#migrationListener.addr.port };
    this.qmp = { kind: "tcp", host: "127.0.0.1", port: this.#monitorListener.addr.port };
    this.#running.push(
      accept(this.#migrationListener, (socket) => this.#running.push(this.#take(socket))),
      accept(this.#monitorListener, (socket) => this.#running.push(this.#answer(socket))),
    );
  }

  /** It has loaded everything. */
  complete(): void {
    this.migration = { status: "completed" };
    this.runState = "paused";
    this.endChannels(bytesOf(be(1, 2), be(4, 2), be(0, 4)));
  }

  /** It has failed, and lives on. */
  fail(error?: string): void {
    this.migration = { status: "failed", ...(error === undefined ? {} : { "error-desc": error }) };
    this.endChannels();
  }

  /** It dies. */
  die(): void {
    closeQuietly(this.#migrationListener);
    closeQuietly(this.#monitorListener);
    for (const socket of [...this.#monitors, ...this.#channels]) closeQuietly(socket);
  }

  /** Closes the migration's connections, the first one with these last words. */
  endChannels(words: Uint8Array = new Uint8Array(0)): void {
    const write = this.#channels[0]?.write(words) ?? Promise.resolve(0);
    this.#running.push(
      write.catch(() => 0).then(() => this.#channels.forEach(closeQuietly)),
    );
  }

  /** Says something on the first connection. */
  async say(words: Uint8Array): Promise<void> {
    await this.#channels[0]?.write(words);
  }

  /** Ends all of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.die();
    while (this.#running.length > 0) await this.#running.shift();
  }

  /** Waits until the other side has closed everything. */
  async left(): Promise<void> {
    closeQuietly(this.#migrationListener);
    closeQuietly(this.#monitorListener);
    while (this.#running.length > 0) await this.#running.shift();
  }

  async #take(socket: Deno.TcpConn): Promise<void> {
    const { after = Infinity, then = (qemu): void => qemu.complete(), reads = true } = this.#script;
    this.#channels.push(socket);
    this.opened++;
    this.isDeaf ||= !reads;
    const buffer = new Uint8Array(64 * 1024);
    while (!this.isDeaf) {
      const count = await socket.read(buffer).catch(() => null);
      if (count === null) return closeQuietly(socket);
      const before = this.taken;
      this.taken += count;
      if (before < after && this.taken >= after) await then(this);
    }
  }

  async #answer(socket: Deno.TcpConn): Promise<void> {
    this.#monitors.push(socket);
    const encoder = new TextEncoder();
    const say = async (text: string): Promise<void> => {
      for (let bytes = encoder.encode(`${text}\r\n`); bytes.length > 0;) {
        bytes = bytes.subarray(await socket.write(bytes).catch(() => bytes.length));
      }
    };
    if (this.#script.greets ?? true) await say(GREETING.trimEnd());
    let rest = "";
    const buffer = new Uint8Array(64 * 1024);
    for (let count: number | null; (count = await socket.read(buffer).catch(() => null)) !== null;) {
      const lines = (rest + new TextDecoder().decode(buffer.subarray(0, count))).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const answer = this.#answerTo(JSON.parse(line));
        if (answer !== undefined && !this.isMute) await say(JSON.stringify(answer));
      }
    }
    closeQuietly(socket);
  }

  #answerTo({ execute, arguments: args = {}, id }: {
    readonly execute: string;
    readonly arguments?: { readonly [name: string]: unknown };
    readonly id: number;
  }): object | undefined {
    if (!/^(?:query-|x-query-|qom-|qmp_)/.test(execute)) this.told.push({ execute, arguments: args });
    const answers: Answers = { ...this.#answers(), ...this.#script.answers };
    try {
      if (this.isMute) return undefined;
      const answer = answers[execute];
      if (answer === undefined) throw new Refusal(`The command ${execute} has not been found`, "CommandNotFound");
      const value = answer(args);
      return value === NO_ANSWER ? undefined : { return: value, id };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { error: { class: error.qemuClass, desc: error.message }, id };
    }
  }

  #answers(): Answers {
    const { machine = "pc-q35-9.2", blocks = { "pc.ram": 0x10000 } } = this.#script;
    const hex = (bytes: number): string => `0x${bytes.toString(16).padStart(16, "0")}`;
    const table = Object.entries(blocks)
      .map(([name, bytes]) => `  ${name}    4 KiB  ${hex(0)} ${hex(bytes)} ${hex(bytes)} ${hex(0)}  rw\n`);
    return {
      ...qemuAnswers({ "/machine": { type: `${machine}-machine` } }),
      "qmp_capabilities": () => ({}),
      "query-status": () => ({ status: this.runState, running: this.runState === "running" }),
      "query-migrate": () => this.migration,
      "query-migrate-capabilities": () => CAPABILITIES.map((capability) => ({ capability, state: false })),
      "x-query-ramblock": () => ({ "human-readable-text": `Block Name\n${table.join("")}` }),
      "query-migrate-parameters": () => ({ "multifd-channels": 2, "multifd-compression": "none", "max-bandwidth": 1 }),
      "migrate-set-capabilities": () => ({}),
      "migrate-set-parameters": () => ({}),
      "migrate-incoming": () => {
        this.migration = { status: "setup" };
        return {};
      },
      "cont": () => {
        this.runState = "running";
        return {};
      },
    };
  }
}

async function accept(listener: Deno.TcpListener, taken: (socket: Deno.TcpConn) => void): Promise<void> {
  for await (const socket of listener) taken(socket);
}
