/** The problems, each with its place and its bytes. @module */

import type { CheckProblem } from "../../src/public/check.ts";
import type { ProblemPlace, TimelineReport } from "../../src/public/report.ts";
import { count } from "../inspect/words.ts";
import { formatHex } from "../terminal.ts";
import { clipText } from "./clip_text.ts";
import { type Html, html } from "./html.ts";

/** How many problems are shown. */
export interface ProblemLimits {
  /** With their bytes. */
  readonly places: number;
  /** Without, after those. */
  readonly listed: number;
}

/** Characters of a text: a stream can make them long. */
const TEXT_LENGTH = 400;
const VALUE_LENGTH = 80;

/** The problems, as many as `limits` says. */
export function problemsHtml(report: TimelineReport, limits: ProblemLimits): Html {
  const { checked: { problems, found } } = report;
  if (problems.length === 0) return html`<p class="good">Nothing is wrong with what came.</p>`;
  const places = report.places.slice(0, limits.places);
  const rest = problems.slice(places.length, places.length + limits.listed);
  const left = found.errors + found.warnings - places.length - rest.length;
  return html`<ol class="problems">${
    places.map((place) =>
      html`
        <li>${headHtml(place.problem)}${placeHtml(place)}</li>
      `
    )
  }${
    rest.map((problem) =>
      html`
        <li>${headHtml(problem)}</li>
      `
    )
  }</ol>${
    left > 0
      ? html`<p class="note">… and ${count(left, "more problem")}: <code>migwire check</code> lists them</p>`
      : null
  }`;
}

function headHtml({ severity, channel, offset, code, message, qemu, hint }: CheckProblem): Html {
  return html`<p><strong class="${severity}">${severity}</strong> <span class="place">${
    clipText(channel, VALUE_LENGTH)
  } ${formatHex(offset)}</span> <code>${code}</code></p><p>${clipText(message, TEXT_LENGTH)}</p>${
    qemu === undefined ? null : html`<p class="note">QEMU: ${clipText(qemu, TEXT_LENGTH)}</p>`
  }${hint === undefined ? null : html`<p class="note">hint: ${clipText(hint, TEXT_LENGTH)}</p>`}`;
}

function placeHtml({ problem, record, fields, raw }: ProblemPlace): Html | null {
  if (record === null) return null;
  const rows = fields.map(({ offset, bytes, length, field, value, meaning }) => {
    const here = offset <= problem.offset && problem.offset < offset + Math.max(1, length);
    return hexRow(
      offset,
      bytes,
      bytes.length < length,
      clipText(field, VALUE_LENGTH),
      clipText(
        meaning === undefined ? value : `${value} (${meaning})`,
        VALUE_LENGTH,
      ),
      here,
    );
  });
  if (raw !== null) rows.push(...rawRows(raw));
  return html`
    <div class="scroll">
      <table class="hex">
        <caption>${record.kind} at ${formatHex(record.offset)}, ${count(record.length, "byte")}</caption>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}

/** Bytes in a row. */
const ROW = 16;

function rawRows({ offset, bytes }: NonNullable<ProblemPlace["raw"]>): Html[] {
  const rows: Html[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    rows.push(hexRow(offset + at, row, false, "", ascii(row), false));
  }
  return rows;
}

function hexRow(offset: number, bytes: Uint8Array, isCut: boolean, field: string, value: string, here: boolean): Html {
  return html`
    <tr${here
      ? html`
        class="here"
      `
      : null}>
      <td>${formatHex(offset, 8)}</td>
      <td>${bytes.toHex().replace(/..(?=.)/g, "$& ")}${isCut ? " …" : ""}</td>
      <td>${field}</td>
      <td>${value}</td>
      </tr>
  `;
}

function ascii(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".").join("");
}
