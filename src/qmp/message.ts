import { QmpError } from "./qmp_error.ts";

/** A JSON object. */
export type JsonObject = { readonly [name: string]: unknown };

/** What a monitor says first. */
export interface QmpGreeting {
  /** What it is. */
  readonly kind: "greeting";
  /** QEMU's version, as `query-version` gives it; undefined if it is not said. */
  readonly version: unknown;
  /** Capabilities of the monitor, such as `oob`. */
  readonly capabilities: readonly string[];
}

/** What a command returns. */
export interface QmpAnswer {
  /** What it is. */
  readonly kind: "answer";
  /** Number of the command; undefined if it is not one of ours. */
  readonly id: number | undefined;
  /** What it returns. */
  readonly value: unknown;
}

/** A command that was not done. */
export interface QmpRefusal {
  /** What it is. */
  readonly kind: "refusal";
  /** Number of the command; undefined if QEMU could not read it. */
  readonly id: number | undefined;
  /** QEMU's class: `GenericError`, `CommandNotFound`, `DeviceNotFound`. */
  readonly qemuClass: string;
  /** QEMU's words. */
  readonly text: string;
}

/** Something that happened in QEMU. */
export interface QmpEvent {
  /** What it is. */
  readonly kind: "event";
  /** Its name: `MIGRATION`, `SHUTDOWN`. */
  readonly name: string;
  /** What is said about it. */
  readonly data: JsonObject;
  /** When, milliseconds since 1970 by QEMU's clock; undefined if QEMU does not say. */
  readonly time: number | undefined;
}

/** Anything that a monitor says. */
export type QmpMessage = QmpGreeting | QmpAnswer | QmpRefusal | QmpEvent;

/**
 * Reads one message.
 *
 * @throws {QmpError} `protocol` if it is none.
 *
 * @example
 * ```ts ignore
 * readQmpMessage('{"return": {}, "id": 1}'); // { kind: "answer", id: 1, value: {} }
 * ```
 */
export function readQmpMessage(text: string): QmpMessage {
  const json = parse(text);
  if (isObject(json.QMP)) {
    const { version, capabilities } = json.QMP;
    return { kind: "greeting", version, capabilities: Array.isArray(capabilities) ? capabilities.filter(isText) : [] };
  }
  const id = typeof json.id === "number" ? json.id : undefined;
  if (isObject(json.error)) {
    const { class: qemuClass, desc } = json.error;
    return {
      kind: "refusal",
      id,
      qemuClass: isText(qemuClass) ? qemuClass : "",
      text: isText(desc) ? desc : JSON.stringify(json.error),
    };
  }
  if (isText(json.event)) {
    return { kind: "event", name: json.event, data: isObject(json.data) ? json.data : {}, time: timeOf(json) };
  }
  if (Object.hasOwn(json, "return")) return { kind: "answer", id, value: json.return };
  throw new QmpError("protocol", `Cannot read the monitor: ${shorten(text)} is no message of QMP`, {
    hint: "give the address of QEMU's -qmp; a guest agent speaks another protocol",
  });
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function parse(text: string): JsonObject {
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch {
    // Said below.
  }
  throw new QmpError("protocol", `Cannot read the monitor: ${shorten(text)} is no JSON`);
}

/** An event that QEMU cannot date has -1. */
function timeOf({ timestamp }: JsonObject): number | undefined {
  if (!isObject(timestamp)) return undefined;
  const { seconds, microseconds } = timestamp;
  if (typeof seconds !== "number" || typeof microseconds !== "number" || seconds < 0) return undefined;
  return seconds * 1000 + microseconds / 1000;
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
