import type { LoadReport, Verdict } from "../../src/public/load.ts";
import { printable, type Style } from "../terminal.ts";
import { hanging } from "./hanging.ts";

/** What QEMU does, by the kind of verdict. */
const QEMU_DOES: { readonly [kind in Verdict["kind"]]: string } = {
  ok: "loads it",
  error: "fails",
  "would-hang": "waits for ever",
  "would-abort": "aborts",
  "lost-state": "reports success and loses state",
};

/** What the verdict is about that no release of QEMU has. */
const PROPOSED = "buffer-limit";

/**
 * The verdict: what the engine decided, and what QEMU does.
 *
 * @param report What becomes of the load.
 * @param style How it looks.
 */
export function verdictLines(report: LoadReport, style: Style): string[] {
  const colour = report.verdict.kind === "ok" ? coloured("loaded", style.green) : coloured("not loaded", style.red);
  return hanging(verdictText(report)).map(colour);
}

/** As {@linkcode verdictLines}, in one line without colour. */
export function verdictText({ verdict, destination, sourceBelieves }: LoadReport): string {
  const { kind, code, reason, qemu = "" } = verdict;
  const who = code === PROPOSED
    ? "a QEMU with this limit, which no release has,"
    : `QEMU ${printable(destination.qemu)}`;
  if (kind === "ok") return `loaded · ${who} ${QEMU_DOES.ok}`;
  const said = qemu === "" ? "" : kind === "error" ? ` with its own error: ${printable(qemu)}` : `: ${printable(qemu)}`;
  const source = kind !== "lost-state" && sourceBelieves === "success" ? "; the source believes that it succeeded" : "";
  return `not loaded: ${code}: ${printable(reason)} · ${who} ${QEMU_DOES[kind]}${said}${source}`;
}

function coloured(word: string, colour: (text: string) => string): (line: string, index: number) => string {
  return (line, index) => index === 0 ? `${colour(word)}${line.slice(word.length)}` : line;
}

/**
 * What the recorder noted of its destination, where that is something else than what becomes of the load; nothing if
 * another destination was asked about.
 *
 * @param report What becomes of the load.
 */
export function recordedLines(report: LoadReport): string[] {
  const { capture: { outcome }, loaded } = report;
  if (outcome?.destination === undefined || (outcome.destination === "completed") === loaded) return [];
  if (isAnother(report)) return [];
  const [error] = (outcome.error ?? "").split("\n");
  const said = error === "" ? "" : `; it said: ${error}`;
  return hanging(printable(`recorded otherwise: the destination was "${outcome.destination}"${said}`));
}

/** The user changed what the recording says, or took its limits away. */
function isAnother(
  { expectations: { devices = [], devicesAreAll: _all, ...general }, limits, ...report }: LoadReport,
): boolean {
  const known: readonly unknown[] = [general, ...devices].flatMap((part) => Object.values(part));
  const isChanged = known.some((value) =>
    typeof value === "object" && value !== null && "origin" in value && value.origin === "option"
  );
  return isChanged || limits !== undefined || report.devices.some(({ maxQueued }) => maxQueued.buffers !== null);
}
