import type { Shown } from "./forge_outcomes.ts";

/** Rows that are shown in a way of their own, or in several. */
export const SHOWN: { readonly [row: number]: readonly Shown[] } = {
  9: [{
    driver: { load_delay_ms: 450 },
    also: [{
      outcome: "failed",
      words: "state buffer 0 already filled",
      why: "the buffer was written before the config came, or the destination was given up before it was",
    }],
  }],
  35: [{ version: "10.0" }],
  45: [{ driver: { fail_load_at: 65 } }],
  46: [{ driver: { stall_load_at: 64 } }],
  47: [{ driver: { write_bytes: 100_000 } }],
  48: [{ limitGrows: true }],
  49: [{ limitGrows: true }],
  70: [{ version: "10.0" }, { version: "11.1", expect: "ok" }],
  75: [{ outcome: "refused", words: "Migration requires seekable transport (e.g. file)" }],
  // The other connections can be there before it stops to listen, and it says so, or not.
  94: [{
    words: "completed, but drops 2 multifd channels",
    also: [{
      outcome: "failed",
      words: "Extra incoming migration connection; ignoring",
      why: "it closed them before all was sent, and the source gave up",
    }],
  }],
  79: [{ version: "10.0" }, { version: "11.1" }],
  80: [{ version: "10.0" }, { version: "11.1" }],
};

/** Rows that cannot be shown in the lab, and why. */
export const NOT_SHOWN: { readonly [row: number]: string } = {
  29: "the lab has no QEMU before 10.0; testing/real_qemu shows it to one",
};

/** Situations beside the rows, in which it is the order that matters. */
export const MORE: readonly { readonly name: string; readonly title: string; readonly text: string }[] = [
  more("late-magic", "a channel breaks behind the EOF byte", "finish, raw: {channel: 0, content: [zeros: 64]}"),
  more("late-cut", "a packet is cut behind the EOF byte", "data: {idx: 1, size: 3, length: 100}, finish, close: 0"),
];

function more(name: string, title: string, steps: string): { name: string; title: string; text: string } {
  const expect = "would-hang(channel-error-after-end)";
  return { name, title, text: `title: ${title}\nexpect: ${expect}\nsteps: [setup, switchover, data: 0, ${steps}]\n` };
}
