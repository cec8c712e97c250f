import type { Difference, DiffReport, DiffSide } from "../../src/public/diff.ts";
import { clip, SHOWN, WIDTH, wrap } from "../inspect/layout.ts";
import { count } from "../inspect/words.ts";
import { printable, type Style } from "../terminal.ts";
import { noteLines } from "./notes.ts";
import { differenceLines } from "./rows.ts";

/** First steps of paths, and what their part of the text is called. */
const PARTS: readonly (readonly [step: string, title: string])[] = [
  ["configuration", "Configuration"],
  ["capabilities", "Capabilities"],
  ["stream", "Stream"],
  ["ram", "RAM"],
  ["multifd", "Multifd"],
  ["commands", "Commands"],
  ["sections", "Sections"],
  ["devices", "Devices"],
  ["traffic", "Traffic"],
];

/** Columns of the name of a device, which can have 255 bytes. */
const NAME_WIDTH = 60;

/**
 * What differs, for people.
 *
 * @param report What differs.
 * @param style How it looks.
 * @returns The lines.
 */
export function diffText(report: DiffReport, style: Style): string[] {
  const parts = PARTS.map(([step, title]) => {
    const own = report.differences.filter(({ path }) => path[0] === step);
    return own.length === 0 ? [] : [style.bold(title), ...partLines(step, own, style)];
  });
  return [
    sideLine("A", report.a),
    sideLine("B", report.b),
    headline(report, style),
    ...parts.filter((lines) => lines.length > 0).flatMap((lines) => ["", ...lines]),
    ...noteLines(report, style),
  ];
}

function sideLine(letter: string, { name, qemu, machine, complete }: DiffSide): string {
  const facts = [
    ...(qemu === undefined ? [] : [`QEMU ${printable(qemu)}`]),
    ...(machine === null ? [] : [printable(machine)]),
    complete ? "complete" : "not complete",
  ];
  return `${letter}  ${printable(name)}: ${facts.join(", ")}`;
}

function headline({ same, found, compared }: DiffReport, style: Style): string {
  const { added, removed, changed, leftOut } = found;
  const rest = leftOut === 0 ? "" : `; ${leftOut} left out by --only and --ignore`;
  const hint = compared.ram ? "" : ", RAM contents not compared (--ram)";
  if (same) return `${style.green("no difference")}${hint}${rest}`;
  const kinds = [
    ...(changed === 0 ? [] : [`${changed} changed`]),
    ...(removed === 0 ? [] : [`${removed} only in A`]),
    ...(added === 0 ? [] : [`${added} only in B`]),
  ];
  return `${style.yellow(count(added + removed + changed, "difference"))}: ${kinds.join(", ")}${hint}${rest}`;
}

function partLines(step: string, differences: readonly Difference[], style: Style): string[] {
  if (step === "devices") return deviceLines(differences, style);
  // Of what is only there or not the names are enough.
  const wholeAt = step === "sections" || step === "ram" ? 3 : 2;
  const isWhole = ({ kind, path }: Difference): boolean =>
    kind !== "changed" && step !== "traffic" && path.length === wholeAt;
  const [whole, others] = [differences.filter(isWhole), differences.filter((one) => !isWhole(one))];
  const names = (kind: Difference["kind"]): string[] =>
    whole.filter((one) => one.kind === kind).map(({ path }) =>
      step === "ram" ? sectionName(path[2], undefined) : sectionName(path[1], path[2])
    );
  return [
    ...onlyLines("A", names("removed")),
    ...onlyLines("B", names("added")),
    // All of RAM is about blocks.
    ...(others.length === 0 ? [] : differenceLines(others, step === "ram" ? 2 : 1, 2, style)),
  ];
}

function onlyLines(side: string, all: readonly string[]): string[] {
  if (all.length === 0) return [];
  const names = all.slice(0, SHOWN);
  const more = all.length - names.length;
  const text = [...names, ...(more > 0 ? [`and ${more} more (--json has all)`] : [])].join(", ");
  const label = `  only in ${side}: `;
  return wrap(text, WIDTH - label.length).map((line, i) => `${i === 0 ? label : " ".repeat(label.length)}${line}`);
}

/** A name, and its instance where it is not 0. */
function sectionName(name: string | number | undefined, instance: string | number | undefined): string {
  const text = clip(printable(`${name}`), NAME_WIDTH);
  return typeof instance === "number" && instance !== 0 ? `${text}[${instance}]` : text;
}

function deviceLines(differences: readonly Difference[], style: Style): string[] {
  const devices = new Map<string, Difference[]>();
  for (const difference of differences) {
    const key = JSON.stringify(difference.path.slice(1, 3));
    const known = devices.get(key);
    if (known === undefined) devices.set(key, [difference]);
    else known.push(difference);
  }
  const lines = [...devices.values()].slice(0, SHOWN).flatMap((own) => {
    const [, name, instance] = own[0]?.path ?? [];
    return [`  ${style.cyan(sectionName(name, instance))}`, ...differenceLines(own, 3, 4, style)];
  });
  const more = devices.size - SHOWN;
  return more > 0 ? [...lines, `  ... and ${count(more, "more device")}; --json has all`] : lines;
}
