/** The lane of the return path. @module */

import type { AnswerTicks, TimelineAxis } from "../../../src/public/report.ts";
import { count, qemuName } from "../../inspect/words.ts";
// @ts-types="@types/d3-array"
import { sum } from "d3-array";
import { type Html, html } from "../html.ts";
import { laneHtml, marks, percent } from "./lane.ts";

/** Kinds of messages that are named at one place. */
const TICK_KINDS = 8;

/** The lane; null if there was no answer. */
export function answerLane(answers: readonly AnswerTicks[], { bins }: TimelineAxis): Html | null {
  if (answers.length === 0) return null;
  const total = sum(answers, ({ bins }) => sum(bins, ({ count }) => count));
  const kinds = [...new Set(answers.map(({ kind }) => qemuName(kind)))].join(", ");
  const bySlot = Map.groupBy(
    answers.flatMap(({ kind, bins: ticks }) => ticks.map(({ bin, count }) => ({ kind, bin, count }))),
    ({ bin }) => bin,
  );
  const content = [...bySlot].map(([bin, ticks]) => {
    const at = (bin + 0.5) / bins;
    const words = ticks.slice(0, TICK_KINDS).map(({ kind, count }) =>
      `${qemuName(kind)}${count === 1 ? "" : ` × ${count}`}`
    );
    return html`
      <g>
        <title>${words.join(", ")}</title>
        <rect class="answer" data-at="${at.toFixed(4)}" x="${percent(at)}" width="2" height="14" />
      </g>
    `;
  });
  return laneHtml(
    "answers",
    "return path",
    marks(14, `Messages of the destination: ${kinds}`, content),
    count(total, "message"),
    kinds,
  );
}
