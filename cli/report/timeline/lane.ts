/** A row of a view: its name, its plot, and a sum. @module */

import { clip } from "../../inspect/layout.ts";
import { printable } from "../../terminal.ts";
import { type Html, html } from "../html.ts";
import { SPACE } from "../lane_shapes.ts";

/** Columns of a name. */
export const NAME_WIDTH = 40;

/** The row; `title` is what is shown of a name that is cut. */
export function laneHtml(className: string, name: string, plot: Html, value: string, title = name): Html {
  return html`
    <div
      class="lane ${className}"><div class="name" title="${printable(title)}">${clip(
        printable(name),
        NAME_WIDTH,
      )}</div>${plot}<div class="sum">${value}</div></div>
  `;
}

/** A plot whose insides are stretched to its width. */
export function plot(height: number, label: string, content: HtmlParts): Html {
  return html`
    <svg class="plot" viewBox="0 0 ${SPACE} ${height}" height="${height}" preserveAspectRatio="none" role="img"
      aria-label="${label}">${content}</svg>
  `;
}

type HtmlParts = readonly (Html | null)[];

/** A plot in which text must not be stretched: places are in percent. */
export function marks(height: number, label: string, content: HtmlParts): Html {
  return html`<svg class="marks" height="${height}" role="img" aria-label="${label}">${content}</svg>`;
}

/** A part of 1, for an attribute of SVG. */
export function percent(part: number): string {
  return `${Math.round(part * 1e4) / 100}%`;
}
