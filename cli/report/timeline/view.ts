/** A view of the migration: a figure with its lanes and its axis. @module */

import type { TimelineAxis, TimelineReport, TimelineView } from "../../../src/public/report.ts";
import { count, formatSpan } from "../../inspect/words.ts";
import { lengthOf } from "../axis_text.ts";
import { type Html, html } from "../html.ts";
import { answerLane } from "./answer_lane.ts";
import { axisLane } from "./axis_lane.ts";
import { channelLane } from "./channel_lane.ts";
import { deviceLanes, isDrawn } from "./device_lanes.ts";
import { phaseLane } from "./phase_lane.ts";
import { viewData } from "./view_data.ts";

/** Lanes that are drawn; what is more is in the tables. */
const CHANNELS_SHOWN = 40;
const DEVICES_SHOWN = 12;

/** What a view is called. */
const TITLES: { readonly [name in TimelineView["name"]]: string } = {
  whole: "The whole migration",
  switchover: "The switchover, enlarged",
};

/** A view of the migration: a figure with its lanes, its axis, and the values for the page's script. */
export function viewHtml(view: TimelineView, report: TimelineReport): Html {
  const { axis, lanes, devices, answers, name } = view;
  const shown = lanes.slice(0, CHANNELS_SHOWN);
  const devicesShown = devices.slice(0, DEVICES_SHOWN);
  const own = devicesShown.filter((device) => isDrawn(device) && device.axis.unit === axis.unit);
  const others = devicesShown.filter((device) => isDrawn(device) && device.axis.unit !== axis.unit);
  const title = report.timed ? TITLES[name] : "Each channel, in the order of its bytes";
  return html`<figure class="view" data-view="${name}">
<figcaption><h3>${title}</h3><p class="note">${axisNote(view, report)}</p></figcaption>
${
    plots(axis, [
      phaseLane(axis, report),
      ...shown.map((lane) => channelLane(lane, axis)),
      more(lanes.length - shown.length, "channel"),
      ...own.map((device) => deviceLanes(device)),
      answerLane(answers, axis),
    ])
  }
${viewData(axis, shown, own)}
</figure>
${
    others.length === 0 ? "" : html`<figure class="view" data-view="steps">
<figcaption><h3>VFIO devices, in the order of the load</h3>
<p class="note">No times were recorded. What happens to a device is one step after the other, in the order ${
      report.load?.order ?? ""
    }: the most favourable that the channels allow.</p></figcaption>
${plots(others[0]?.axis ?? axis, others.map((device) => deviceLanes(device)))}
${viewData(others[0]?.axis ?? axis, [], others)}
</figure>`
  }${more(devices.length - devicesShown.length, "device")}`;
}

function more(left: number, what: string): Html | null {
  return left > 0 ? html`<p class="note">… and ${count(left, `more ${what}`)}</p>` : null;
}

function axisNote({ axis, name }: TimelineView, { timed, headline: { downtime } }: TimelineReport): string {
  if (!timed) {
    return "No times were recorded: a lane shows the order of the bytes in its own channel, and says nothing of what came " +
      "before what on another.";
  }
  const span = formatSpan(lengthOf(axis));
  if (name === "whole") return `${span} since the recording began; a column is ${formatSpan(axis.width)}.`;
  const what = downtime?.from === "switchover-start" ? "SWITCHOVER_START" : "the last iterable section";
  return `${span}, from shortly before ${what}; a column is ${formatSpan(axis.width)}.`;
}

function plots(axis: TimelineAxis, lanes: readonly (Html | null)[]): Html {
  return html`
    <div class="plots" tabindex="0" role="group"
      aria-label="Timeline. With the keyboard: left and right move, plus and minus zoom, 0 shows all.">
    ${lanes}
    ${axisLane(axis)}
    </div>
    <p class="readout" aria-live="polite"></p>
  `;
}
