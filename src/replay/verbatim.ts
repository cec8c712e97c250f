import { type Capture, type CaptureEvent, identifyChannels } from "../capture/mod.ts";
import { EmitError, type EmitPlan, type EmitStep, type Item, type Precondition, type Score } from "../emit/mod.ts";

/** A connection whose steps are found one after the other. */
interface Draft {
  readonly index: number;
  readonly label: string;
  readonly isMain: boolean;
  readonly source: Item["source"];
  readonly after: readonly Precondition[];
  readonly steps: EmitStep[];
}

/**
 * Sends each byte in the recorded order, and ends connections where they ended. Nothing is waited for that a source would
 * wait for, so that a destination gets what no source sends: a capture that was forged, or edited.
 *
 * @throws {EmitError} `plan`, if it was not recorded what came when.
 */
export function verbatimPlan(capture: Capture, { main, needs, notes }: Score): EmitPlan {
  const { events } = capture;
  if (events === undefined) {
    const message = `Cannot send ${capture.name} as it was recorded: no times were recorded (there is no events.jsonl)`;
    throw new EmitError("plan", message, "leave out --verbatim");
  }
  const mainIndex = main.entry.channel.index;
  const drafts: Draft[] = [];
  let last: Precondition[] = [];
  const identified = identifyChannels(capture);
  const known = (index: number): Draft | undefined => {
    const found = drafts.find((draft) => draft.index === index);
    if (found !== undefined) return found;
    const entry = identified.find(({ channel }) => channel.index === index && channel.direction === "s2d");
    if (entry?.channel.source === undefined) return undefined;
    const { label, channel: { source } } = entry;
    const draft = { index, label, isMain: index === mainIndex, source, after: last, steps: [] };
    drafts.push(draft);
    last = [{ kind: "opened", connection: drafts.length - 1 }];
    return draft;
  };
  const add = (draft: Draft, name: string, items: readonly Item[]): void => {
    draft.steps.push({ name, after: last, items });
    last = [{ kind: "sent", connection: drafts.indexOf(draft), steps: draft.steps.length }];
  };
  for (const event of events) {
    const draft = isSent(event) ? known(event.channel) : undefined;
    if (draft === undefined || event.kind === "open") continue;
    if (event.kind === "data") add(draft, `bytes ${event.offset} on`, [itemOf(event, draft)]);
    else add(draft, "the end of the connection", []);
  }
  return {
    connections: drafts.map(({ index, label, isMain, after, steps }) => ({
      role: isMain ? "main" : "multifd",
      label,
      after,
      steps,
      ending: steps.at(-1)?.items.length === 0 ? "end" : "keep",
      recorded: index,
    })),
    needs: { ...needs, multifdChannels: drafts.length - 1 },
    pings: main.pings,
    // What is not whole is told to the target by the ends of the connections.
    whole: true,
    notes,
  };
}

function isSent(event: CaptureEvent): boolean {
  return event.kind === "open" || event.direction === "s2d";
}

function itemOf({ offset, length }: CaptureEvent & { readonly kind: "data" }, { index, source }: Draft): Item {
  return { kind: "bytes", connection: index, source, offset, length };
}
