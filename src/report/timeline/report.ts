import { type Capture, CaptureError, identifyChannels, readCapture, type ReadChannel } from "../../capture/values.ts";
import type { LoadEvent } from "../../load/mod.ts";
import { checkCapture, type CheckReport } from "../check/mod.ts";
import { inspectCapture, type InspectReport } from "../inspect/mod.ts";
import { loadJudged, type LoadReport, type LoadReportOptions } from "../load/mod.ts";
import { arrivalsOf, ChannelLanes } from "./channel_lanes.ts";
import { type DeviceLists, DeviceTracks } from "./device_tracks.ts";
import { DisorderTally } from "./disorder.ts";
import { GrowingAxis } from "./growing_axis.ts";
import { headlineOf, longest } from "./headline.ts";
import { LastStateTally } from "./last_state.ts";
import type {
  DeviceLane,
  DisorderHistogram,
  MigrationPhase,
  PhasePoint,
  TimelineAxis,
  TimelineReport,
  TimelineView,
} from "./model.ts";
import { type PhaseDraft, PhaseTally } from "./phases.ts";
import { type Place, type Times, timesOf } from "./place.ts";
import { ProblemPlaces } from "./problem_places.ts";
import { RememberedEvents } from "./remembered_events.ts";

/** How a capture is drawn. */
export interface TimelineOptions extends Pick<LoadReportOptions, "expect" | "pageSize" | "deviceRate"> {
  /** Most bins along an axis; 240 if not said, fewer if there are many lanes. */
  readonly bins?: number;
}

const BINS = 240;
const FEWEST_BINS = 60;

/** Cells of a view: lanes times bins. */
const CELLS = 12_000;

/** A switchover that takes more than this part of the whole is seen well enough there. */
const DETAIL_BELOW = 0.5;

/** What is shown before and after the switchover, as a part of it. */
const MARGIN = 0.06;

/** An axis of one view, and where it is to end at least. */
interface PlannedView {
  readonly name: TimelineView["name"];
  readonly axis: GrowingAxis;
  readonly end: number;
}

/**
 * What a picture of a migration is drawn from: what `inspect`, `check` and `load` find, and what came when. What it
 * keeps does not grow with the capture, but for the order of device buffers, which `inspect` keeps as well.
 *
 * @param capture The capture; it is not closed. A pipe that was not kept cannot be read several times.
 * @param options What the destination expects, and how fine the picture is.
 * @returns The model of the picture.
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { captureOf } from "@migwire/migwire/memory";
 * import { timelineReport } from "@migwire/migwire/report";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * const { timed, headline, views } = await timelineReport(capture);
 * assertEquals([timed, headline.bytes], [false, 8]);
 * assertEquals(views[0]?.lanes[0]?.kinds.frame?.reduce((a, b) => a + b), 8);
 * ```
 */
export async function timelineReport(capture: Capture, options: TimelineOptions = {}): Promise<TimelineReport> {
  refusePipes(capture);
  const { events } = capture;
  return await draw(events === undefined ? capture : { ...capture, events: new RememberedEvents(events) }, options);
}

async function draw(capture: Capture, options: TimelineOptions): Promise<TimelineReport> {
  const { expect = {}, pageSize } = options;
  const reading = pageSize === undefined ? {} : { pageSize };
  const marks = new Marks();
  const inspected = inspectCapture(capture, { ...reading, sink: (record, channel) => marks.add(record, channel) });
  const checked = checkCapture(capture, { ...reading, expect });
  const times = capture.events === undefined ? undefined : timesOf(capture.events, marks.wanted);
  const channels = identifyChannels(capture);
  const plan = planViews(marks, times, channels, inspected, options.bins ?? BINS);
  const stepAxis = new GrowingAxis("steps", 0, 1, BINS);
  const tracks = times === undefined
    ? new DeviceTracks([stepAxis], true)
    : new DeviceTracks(plan.map(({ axis }) => axis), false);
  const { load, notLoaded } = await tryToLoad(capture, inspected, checked, options, (event) => tracks.take(event));
  tracks.finish(plan.map(({ end }) => end));
  const axes = plan.map(({ axis }) => axis.axis);
  const lanes = new ChannelLanes(axes, arrivalsOf(capture, axes));
  const places = new ProblemPlaces(checked.problems);
  readCapture(capture, (record, channel) => {
    lanes.add(record, channel);
    places.add(record, channel);
  }, reading);
  return {
    inspected,
    checked,
    load,
    notLoaded,
    timed: times !== undefined,
    headline: headlineOf(inspected, load, marks.phases, marks.last.ends, times),
    views: plan.map(({ name }, view) => {
      const axis = axes[view] ?? stepAxis.axis;
      return {
        name,
        axis,
        lanes: lanes.lanes(view, channels),
        devices: deviceLanes(inspected, load, (idstr, mode): [TimelineAxis, Partial<DeviceLists>] => {
          const came = lanes.arrived(idstr, view);
          const arrived = came === undefined ? {} : { arrivedBuffers: came.buffers, arrivedBytes: came.bytes };
          if (mode === "main") return [axis, arrived];
          const lists = tracks.of(idstr, view) ?? {};
          // Steps of the load say nothing of when bytes came, but in what order.
          return times === undefined ? [stepAxis.axis, lists] : [axis, { ...lists, ...arrived }];
        }),
        answers: lanes.answers(view),
      };
    }),
    phases: marks.phases.phases.map((draft) => phaseOf(draft, times)),
    disorder: inOrderOf(inspected, marks.disorder.histograms(capture.events)),
    carried: lanes.carried(channels),
    places: places.places(capture),
  };
}

/** What comes through a pipe and was not kept cannot be read again. */
function refusePipes({ channels, name }: Capture): void {
  if (channels.every(({ source }) => source !== undefined)) return;
  throw new CaptureError(
    "too-large",
    `Cannot draw ${name}: it comes from a pipe, and is too large to be kept in memory`,
    "write it to a file, and give that",
  );
}

/** What has to be known before bytes can be put into bins. */
class Marks {
  readonly phases = new PhaseTally();
  readonly last = new LastStateTally();
  readonly disorder = new DisorderTally();

  add(record: Parameters<PhaseTally["add"]>[0], channel: ReadChannel): void {
    const { role } = channel.identity;
    if (role === "main" || role === "recovery") this.phases.add(record, channel);
    this.last.add(record, channel, this.phases.isStopped);
    this.disorder.add(record, channel);
  }

  /** Places whose times are of interest. */
  get wanted(): Place[] {
    const { phases, downtime, eof } = this.phases;
    return [
      ...phases.flatMap(({ from, to }) => [from, to]),
      ...(downtime === undefined ? [] : [downtime.place]),
      ...(eof === undefined ? [] : [eof]),
      ...this.last.ends.map(({ place }) => place),
    ];
  }
}

function planViews(
  marks: Marks,
  times: Times | undefined,
  channels: readonly ReadChannel[],
  { devices }: InspectReport,
  most: number,
): PlannedView[] {
  const lanes = channels.length + 3 * devices.length;
  const bins = Math.max(FEWEST_BINS, Math.min(most, Math.floor(CELLS / Math.max(1, lanes))));
  if (times === undefined) {
    const end = longest(channels);
    return [{ name: "whole", axis: new GrowingAxis("bytes", 0, end, bins), end }];
  }
  const { start, end } = times;
  const whole: PlannedView = { name: "whole", axis: new GrowingAxis("time", start, end, bins), end };
  const window = windowOf(marks, times);
  if (window === undefined || window.end - window.start > DETAIL_BELOW * (end - start)) return [whole];
  return [whole, {
    name: "switchover",
    axis: new GrowingAxis("time", window.start, window.end, bins),
    end: window.end,
  }];
}

/** From shortly before the guest was stopped to shortly after the last byte of a device, or EOF. */
function windowOf({ phases, last }: Marks, times: Times): { readonly start: number; readonly end: number } | undefined {
  const { downtime, eof } = phases;
  const places = [downtime?.place, eof, ...last.ends.map(({ place }) => place)];
  const known = places.map((place) => place === undefined ? null : times.of(place)).filter((time) => time !== null);
  if (downtime === undefined || known.length < 2) return undefined;
  const [first, final] = [Math.min(...known), Math.max(...known)];
  if (first === final) return undefined;
  const margin = MARGIN * (final - first);
  return { start: Math.max(times.start, first - margin), end: Math.min(times.end, final + margin) };
}

/** What a destination makes of it; where it cannot be loaded, why. */
async function tryToLoad(
  capture: Capture,
  inspected: InspectReport,
  checked: CheckReport,
  { expect, pageSize, deviceRate }: TimelineOptions,
  onEvent: (event: LoadEvent) => void,
): Promise<{ readonly load: LoadReport | null; readonly notLoaded: string | null }> {
  try {
    const load = await loadJudged(capture, inspected, checked, {
      ...(expect === undefined ? {} : { expect }),
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(deviceRate === undefined ? {} : { deviceRate }),
      onEvent,
    });
    return { load, notLoaded: null };
  } catch (error) {
    if (!(error instanceof CaptureError) || !UNLOADABLE.includes(error.code)) throw error;
    return { load: null, notLoaded: error.message };
  }
}

/** Errors that say of a capture that it cannot be loaded, though it can be looked at. */
const UNLOADABLE: readonly string[] = ["encrypted", "no-payload"];

/** A lane for each device that sent something, or that the destination has. */
function deviceLanes(
  { devices }: InspectReport,
  load: LoadReport | null,
  listsOf: (idstr: string, mode: DeviceLane["mode"]) => [TimelineAxis, Partial<DeviceLists>],
): DeviceLane[] {
  const named = new Set([...devices, ...load?.devices ?? []].map(({ idstr }) => idstr));
  return [...named].map((idstr) => {
    const loaded = load?.devices.find((device) => device.idstr === idstr);
    const mode = loaded?.mode ?? "main";
    const [axis, lists] = listsOf(idstr, mode);
    const nothing = new Array<number>(axis.bins).fill(0);
    return {
      idstr,
      mode,
      axis,
      limit: loaded?.maxQueued ?? { bytes: null, buffers: null },
      arrivedBuffers: nothing,
      arrivedBytes: nothing,
      loadedBuffers: nothing,
      loading: nothing,
      starving: nothing,
      gated: nothing,
      queuedBuffers: nothing,
      queuedBytes: nothing,
      ...lists,
    };
  });
}

/** As `inspect` lists the devices. */
function inOrderOf({ devices }: InspectReport, histograms: readonly DisorderHistogram[]): DisorderHistogram[] {
  const place = ({ idstr, instanceId }: DisorderHistogram): number =>
    devices.findIndex((device) => device.idstr === idstr && device.instanceId === instanceId);
  return histograms.toSorted((a, b) => place(a) - place(b));
}

function phaseOf({ from, to, ...draft }: PhaseDraft, times: Times | undefined): MigrationPhase {
  const point = (place: Place): PhasePoint => ({ ...place, time: times?.of(place) ?? null });
  return { ...draft, from: point(from), to: point(to) };
}
