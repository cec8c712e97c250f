/** What the page's script shows of a bin. @module */

import type { ChannelLane, DeviceLane, TimelineAxis } from "../../../src/public/report.ts";
import { printable } from "../../terminal.ts";
import { type Html, html, jsonData } from "../html.ts";
import { KIND_LOOKS } from "../kinds.ts";

/** What the page's script shows of a bin. */
export function viewData(
  { unit, start, width, bins }: TimelineAxis,
  lanes: readonly ChannelLane[],
  devices: readonly DeviceLane[],
): Html {
  const rounded = (values: readonly number[]): number[] => values.map(Math.round);
  const data = {
    axis: { unit, start, width, bins },
    rows: [
      ...lanes.map(({ label, kinds }) => ({
        label: printable(label),
        values: KIND_LOOKS.flatMap(({ kind, name }) => {
          const values = kinds[kind];
          return values === undefined ? [] : [{ name, unit: "bytes", list: rounded(values) }];
        }),
      })),
      ...devices.map(({ idstr, mode, arrivedBytes, starving, queuedBytes, queuedBuffers }) => ({
        label: printable(idstr),
        values: [
          { name: "arriving", unit: "bytes", list: rounded(arrivedBytes) },
          ...(mode === "main" ? [] : [
            { name: "queued", unit: "bytes", list: rounded(queuedBytes) },
            { name: "buffers queued", unit: "", list: rounded(queuedBuffers) },
            { name: "starving", unit, list: rounded(starving) },
          ]),
        ],
      })),
    ],
  };
  return html`<script type="application/json" class="data">${jsonData(data)}</script>`;
}
