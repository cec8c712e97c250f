import { isObject, type JsonObject, type QmpClient, QmpError } from "../../qmp/mod.ts";

/** What asks a monitor. */
export type Monitor = Pick<QmpClient, "call">;

/** What a command returns; undefined if QEMU refuses it, as an old version does that does not know it. */
export async function askIfKnown(monitor: Monitor, command: string, args?: JsonObject): Promise<unknown> {
  try {
    return await monitor.call(command, args);
  } catch (error) {
    if (error instanceof QmpError && error.code === "refused") return undefined;
    throw error;
  }
}

/** A property of a QOM object; undefined if there is none. */
export async function qomGet(monitor: Monitor, path: string, property: string): Promise<unknown> {
  return await askIfKnown(monitor, "qom-get", { path, property });
}

/** The value, if it is a JSON object; otherwise an empty one. */
export function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The objects of a JSON list. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The value, if it is a text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
