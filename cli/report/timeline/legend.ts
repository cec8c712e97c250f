/** What the colours and patterns stand for. @module */

import type { DeviceLane, TimelineReport } from "../../../src/public/report.ts";
import { type Html, html } from "../html.ts";
import { KIND_LOOKS } from "../kinds.ts";

/** What the colours and patterns stand for. */
export function legendHtml({ views }: TimelineReport): Html {
  const seen = new Set(views.flatMap(({ lanes }) => lanes.flatMap(({ kinds }) => Object.keys(kinds))));
  const happens = (list: (device: DeviceLane) => readonly number[]): boolean =>
    views.some(({ devices }) => devices.some((device) => list(device).some((value) => value > 0)));
  const swatch = (className: string, name: string): Html =>
    html`<li><svg width="18" height="12" aria-hidden="true"><rect class="${className}" width="18" height="12"/></svg>${name}</li>`;
  return html`<ul class="legend">${
    KIND_LOOKS.filter(({ kind }) => seen.has(kind)).map(({ kind, name }) => swatch(`k-${kind}`, name))
  }${swatch("track", "idle")}${happens(({ loading }) => loading) ? swatch("s-loading", "device takes state") : null}${
    happens(({ starving }) => starving) ? swatch("s-starving", "starving for a buffer") : null
  }${happens(({ gated }) => gated) ? swatch("s-gated", "config at the gate") : null}</ul>`;
}
