import { matchesWildcard } from "../bytes/mod.ts";
import type { ReadChannel } from "../capture/mod.ts";
import type { BaseRecord, MultifdDeviceStateRecord } from "../stream/mod.ts";
import { RECORD_KINDS, type RecordSection, selectChannels, selectKinds } from "../report/records/mod.ts";
import { EditError } from "./edit_error.ts";
import { type NumberRange, readNumber, readRange } from "./numbers.ts";
import { isPage, pageCount, somePages } from "./page_runs.ts";
import type { Word } from "./words.ts";

/** What a selector can ask for. */
export const SELECTOR_KEYS = [
  "channel",
  "device",
  "section",
  "instance",
  "kind",
  "index",
  "offset",
  "page",
  "nth",
] as const;

/** Key of a selector. */
export type SelectorKey = typeof SELECTOR_KEYS[number];

/** Bytes of RAM blocks: the pages that have one of them. */
export interface PageRange extends NumberRange {
  /** Name of the block, any if absent; `*` stands for any letters. */
  readonly block?: string;
}

/** Which records an edit is for: those that are all of what it asks for. */
export interface Selector {
  /** The channel's label, role, file or number, as for `records`. */
  readonly channel?: string;
  /** Section of the device, on any channel; `*` stands for any letters. */
  readonly device?: string;
  /** Section of the main channel; `*` stands for any letters. */
  readonly section?: string;
  /** Instance of the section. */
  readonly instance?: number;
  /** Kind of the record; `*` stands for any letters. */
  readonly kind?: string;
  /** Number of the VFIO buffer. */
  readonly index?: NumberRange;
  /** A byte of the record, by its place in the channel. */
  readonly offset?: NumberRange;
  /** RAM pages, each for itself even where they are a run; not those of multifd packets. */
  readonly page?: PageRange;
  /** The so-manieth of the records that are all else, 1 the first. */
  readonly nth?: NumberRange;
}

/** A record, and where it stands. */
export interface PlacedRecord {
  readonly record: BaseRecord;
  readonly channel: ReadChannel;
  readonly section: RecordSection | undefined;
}

/** Whether a word of an edit belongs to its selector. */
export function isSelectorKey(key: string): key is SelectorKey {
  return SELECTOR_KEYS.some((known) => known === key);
}

/**
 * The selector that words make.
 *
 * @throws {EditError} `syntax`
 */
export function selectorOf(words: readonly Word[]): Selector {
  const selector: { -readonly [K in keyof Selector]: Selector[K] } = {};
  for (const { key, value } of words) {
    if (!isSelectorKey(key)) throw unknownKey(key === "" ? value : key);
    if (selector[key] !== undefined) throw new EditError("syntax", `Cannot select by ${key} twice`);
    if (key === "instance") selector.instance = readNumber(key, value);
    else if (key === "page") selector.page = readPages(value);
    else if (key === "index" || key === "offset" || key === "nth") selector[key] = readRange(key, value);
    else selector[key] = value;
  }
  return selector;
}

/** `0x3000`, `0x3000..0x4fff`, `pc.ram:0x3000`; a block's name may have colons. */
function readPages(text: string): PageRange {
  const at = text.lastIndexOf(":");
  const range = readRange("page", text.slice(at + 1));
  if (at === 0) throw new EditError("syntax", `Cannot use page=${text}: it has no block`, "write page=pc.ram:0x3000");
  return at < 0 ? range : { block: text.slice(0, at), ...range };
}

function unknownKey(key: string): EditError {
  return new EditError(
    "syntax",
    `Cannot select by ${JSON.stringify(key)}: there is no such thing`,
    `records are selected by ${SELECTOR_KEYS.join(", ")}`,
    { misnomer: { typed: key, known: SELECTOR_KEYS } },
  );
}

/** The selector as it is written. */
export function selectorText(selector: Selector): string {
  return SELECTOR_KEYS.flatMap((key) => {
    const value = selector[key];
    if (value === undefined) return [];
    return [`${key}=${typeof value === "object" ? rangeText(value) : value}`];
  }).join(",");
}

function rangeText({ block, from, to }: PageRange): string {
  return `${block === undefined ? "" : `${block}:`}${from === to ? from : `${from}..${to}`}`;
}

/** Whether a selector asks for nothing but a channel. */
export function isChannelAlone(selector: Selector): boolean {
  return selector.channel !== undefined && Object.keys(selector).length === 1;
}

/** Names that are kept, to suggest one. */
const NAME_LIMIT = 1000;

/** Finds the records of one selector, in the order in which the capture is read. */
export class Matcher {
  readonly selector: Selector;
  readonly #channels: ReadonlySet<ReadChannel> | undefined;
  readonly #kinds: ReadonlySet<string> | undefined;
  readonly #device: ((name: string) => boolean) | undefined;
  readonly #section: ((name: string) => boolean) | undefined;
  readonly #block: ((name: string) => boolean) | undefined;
  /** Names of sections that were seen. */
  readonly #names = new Set<string>();
  /** Records so far that are all but `nth`. */
  #count = 0;

  /** Throws {@linkcode EditError} `no-record` if there is no such channel, or no such kind. */
  constructor(selector: Selector, channels: readonly ReadChannel[]) {
    this.selector = selector;
    const { channel, kind, device, section, page } = selector;
    if (channel !== undefined) this.#channels = new Set(channelsOf(channels, channel));
    if (kind !== undefined) this.#kinds = new Set(kindsOf(kind));
    if (device !== undefined) this.#device = pattern(device);
    if (section !== undefined) this.#section = pattern(section);
    if (page?.block !== undefined) this.#block = pattern(page.block);
  }

  /** What of a record, the next one, is asked for: undefined if nothing, numbers of pages where pages are asked for. */
  find(placed: PlacedRecord): "all" | readonly number[] | undefined {
    if (this.selector.page !== undefined) return this.#findPages(placed, this.selector.page);
    return this.#matches(placed) ? "all" : undefined;
  }

  #findPages(placed: PlacedRecord, { from, to }: PageRange): readonly number[] | undefined {
    const { record } = placed;
    if (!isPage(record) || this.#block?.(record.block) === false) return undefined;
    const { pageOffset, pageSize } = record;
    const found: number[] = [];
    const last = Math.min(pageCount(record) - 1, Math.floor((to - pageOffset) / pageSize));
    for (let i = Math.max(0, Math.floor((from - pageOffset) / pageSize)); i <= last; i++) {
      if (this.#matches({ ...placed, record: somePages(record, i, 1) })) found.push(i);
    }
    return found.length === 0 ? undefined : found;
  }

  #matches(placed: PlacedRecord): boolean {
    if (!this.#matchesAllButCount(placed)) return false;
    this.#count++;
    const { nth } = this.selector;
    return nth === undefined || (this.#count >= nth.from && this.#count <= nth.to);
  }

  #matchesAllButCount({ record, channel, section }: PlacedRecord): boolean {
    const { instance, index, offset } = this.selector;
    if (section !== undefined && this.#names.size < NAME_LIMIT) this.#names.add(section.idstr);
    if (this.#channels !== undefined && !this.#channels.has(channel)) return false;
    if (this.#kinds !== undefined && !this.#kinds.has(record.kind)) return false;
    const isPacket = record.kind === "multifd-device-state";
    if (this.#device !== undefined && !(section !== undefined && this.#device(section.idstr))) return false;
    if (this.#section !== undefined && (isPacket || section === undefined || !this.#section(section.idstr))) {
      return false;
    }
    if (instance !== undefined && section?.instanceId !== instance) return false;
    if (offset !== undefined && (offset.to < record.offset || offset.from >= record.offset + record.length)) {
      return false;
    }
    if (index === undefined) return true;
    const { idx } = record as Partial<MultifdDeviceStateRecord>;
    return isPacket && idx !== undefined && idx >= index.from && idx <= index.to;
  }

  /** Whether the selector lets a channel pass. */
  takes(channel: ReadChannel): boolean {
    return this.#channels?.has(channel) ?? true;
  }

  /** That nothing was found. */
  missing(): EditError {
    const names = [...this.#names];
    const message = `Cannot find a record for ${selectorText(this.selector)}`;
    if (this.#count > 0) return new EditError("no-record", message, `${this.#count} records are all of it but nth`);
    for (const typed of [this.selector.device, this.selector.section]) {
      if (typed === undefined || names.some(pattern(typed))) continue;
      const within = names.find((name) => name.includes(typed));
      const hint = within === undefined ? "migwire inspect lists the sections" : `did you mean ${within}?`;
      return new EditError("no-record", message, hint, { misnomer: { typed, known: names } });
    }
    return new EditError("no-record", message, "migwire records lists what there is");
  }
}

function channelsOf(channels: readonly ReadChannel[], text: string): ReadChannel[] {
  // `main.d2s`: what came back on the connection of that channel.
  const [, base = text, direction] = /^(.+)\.(s2d|d2s)$/.exec(text) ?? [];
  const named = selectChannels(channels, text);
  if (named.length > 0 || direction === undefined) {
    if (named.length > 0) return named;
    throw noChannel(channels, text);
  }
  const connections = new Set(selectChannels(channels, base).map(({ channel }) => channel.index));
  const found = channels.filter(({ channel }) => connections.has(channel.index) && channel.direction === direction);
  if (found.length === 0) throw noChannel(channels, text);
  return found;
}

function noChannel(channels: readonly ReadChannel[], typed: string): EditError {
  const known = channels.map(({ label }) => label);
  const message = `Cannot find the channel ${JSON.stringify(typed)}`;
  return new EditError("no-record", message, `the capture has ${known.join(", ")}`, { misnomer: { typed, known } });
}

function kindsOf(kind: string): string[] {
  const kinds = selectKinds(kind);
  if (kinds.length > 0) return kinds;
  throw new EditError(
    "no-record",
    `Cannot find records of the kind ${JSON.stringify(kind)}: there is none`,
    "migwire records shows the kinds of records",
    { misnomer: { typed: kind, known: RECORD_KINDS } },
  );
}

/** Whether a name is `text`, where `*` stands for any letters. */
function pattern(text: string): (name: string) => boolean {
  return (name) => matchesWildcard(text, name);
}
