import type { Capture, CaptureChannel } from "./capture.ts";
import type { CaptureEvent } from "./events.ts";

/**
 * What came when, for the channels of a capture: by its events where there are some. What they do not tell of comes at
 * their end; without any, all connections are opened, then each channel comes as a whole and is closed.
 *
 * @param capture The capture; events of channels that it does not have are left out, but for connections that carried
 * nothing.
 * @param all Whether these are all the channels that the events tell of: then connections without a channel are told too.
 */
export function* timeline(capture: Capture, all: boolean): Generator<CaptureEvent> {
  const arrived = new Map(capture.channels.map((channel) => [keyOf(channel.index, channel.direction), 0]));
  const indices = new Set(capture.channels.map(({ index }) => index));
  let last = 0;
  for (const event of capture.events ?? []) {
    last = Math.max(last, event.time);
    if (event.kind === "open") {
      if (all || indices.has(event.channel)) yield event;
      continue;
    }
    const key = keyOf(event.channel, event.direction);
    if (event.kind === "data") {
      if (!arrived.has(key)) continue;
      arrived.set(key, Math.max(arrived.get(key) ?? 0, event.offset + event.length));
    }
    if (all || indices.has(event.channel)) yield event;
  }
  const told = capture.events !== undefined;
  if (!told) { for (const channel of indices) yield { kind: "open", time: 0, channel }; }
  for (const channel of capture.channels) {
    const { index, direction } = channel;
    const offset = arrived.get(keyOf(index, direction)) ?? 0;
    const end = sizeOf(channel);
    if (end > offset) yield { kind: "data", time: last, channel: index, direction, offset, length: end - offset };
  }
  if (told) return;
  for (const channel of indices) {
    for (const direction of ["s2d", "d2s"] as const) {
      const sent = capture.channels.find((one) => one.index === channel && one.direction === direction);
      yield { kind: "end", time: last, channel, direction, offset: sent === undefined ? 0 : sizeOf(sent) };
    }
  }
}

/** A channel's bytes; infinite where they come through a pipe. */
function sizeOf({ source, pipe }: CaptureChannel): number {
  return source?.size ?? (pipe === undefined ? 0 : Infinity);
}

function keyOf(channel: number, direction: string): string {
  return `${channel} ${direction}`;
}
