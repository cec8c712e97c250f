/** What QEMU's destination did with its VFIO devices, as its own trace tells (vfio.md §10). @module */

/** An event of a device, in the order of the trace. */
export interface TraceEvent {
  readonly kind:
    | "incoming"
    | "starved"
    | "load-start"
    | "load-end"
    | "thread-start"
    | "thread-end"
    | "config-start"
    | "config-end"
    | "ready"
    | "state";
  /** What QEMU calls the device. */
  readonly device: string;
  /** Index of the buffer, where it is about one. */
  readonly idx?: number;
  /** The device's new state. */
  readonly state?: string;
}

/** Trace events of QEMU by what is behind `vfio_`. */
const KINDS: { readonly [name: string]: TraceEvent["kind"] } = {
  load_state_device_buffer_incoming: "incoming",
  load_state_device_buffer_starved: "starved",
  load_state_device_buffer_load_start: "load-start",
  load_state_device_buffer_load_end: "load-end",
  load_bufs_thread_start: "thread-start",
  load_bufs_thread_end: "thread-end",
  load_device_config_state_start: "config-start",
  load_device_config_state_end: "config-end",
  migration_set_device_state: "state",
};

/** The events of a trace: lines begin with `PID@SECONDS:`, or since QEMU 11 with an ISO time and a space. */
export function readLoadTrace(text: string): TraceEvent[] {
  return text.split("\n").flatMap((line) => {
    const [, name = "", device = "", rest = ""] = /[: ]vfio_(\w+) +\(([^)]*)\)(.*)/.exec(line) ?? [];
    if (name === "load_state" && rest.endsWith("0xffffffffef100006")) return { kind: "ready", device };
    const kind = KINDS[name];
    if (kind === undefined) return [];
    const [, idx] = / idx (\d+)/.exec(rest) ?? [];
    const [, state] = / state (\w+)/.exec(rest) ?? [];
    return {
      kind,
      device,
      ...(idx === undefined ? {} : { idx: Number(idx) }),
      ...(state === undefined ? {} : { state }),
    };
  });
}
