/**
 * What a target is set to before a migration is sent to it. What the user says counts most; then what the recorded
 * destination had; then what the stream shows to be needed.
 *
 * @module
 */

import { type CaptureOutcome, type CaptureSide, isAtLeast } from "../../capture/mod.ts";
import type { StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";

/** Who wants a setting. */
export type SettingOrigin =
  /** The user. */
  | "option"
  /** The recorded destination had it. */
  | "capture"
  /** The stream needs it. */
  | "stream";

/** A capability or parameter of the target. */
export interface TargetSetting {
  /** Which of the two. */
  readonly kind: "capability" | "parameter";
  /** QEMU's name. */
  readonly name: string;
  /** What it is to be. */
  readonly value: unknown;
  /** Who wants it. */
  readonly origin: SettingOrigin;
  /** Why, for people: `capture.json`, `the stream has 4 multifd channels`. */
  readonly from: string;
  /** The target has it already: nothing is sent. */
  readonly isSet: boolean;
  /** The target knows it: otherwise nothing is sent. */
  readonly isKnown: boolean;
}

/** Something that the recorded destination had and the target does not get. */
export interface LeftOut {
  /** Whether it is a capability or a parameter. */
  readonly kind: "capability" | "parameter";
  /** QEMU's name. */
  readonly name: string;
  /** What the recorded destination had. */
  readonly value: unknown;
  /** Why not, for people. */
  readonly why: string;
}

/** What a target is set to. */
export interface TargetSettings {
  /** All that somebody wants. */
  readonly settings: readonly TargetSetting[];
  /** What the recorded destination had besides. */
  readonly leftOut: readonly LeftOut[];
}

/** What the user says of the target. */
export interface TargetOptions {
  /** Capabilities by their names. */
  readonly capabilities?: { readonly [name: string]: boolean };
  /** Parameters by their names. */
  readonly parameters?: { readonly [name: string]: unknown };
}

/** What decides about the settings. */
export interface SettingsInput {
  /** What the stream asks for. */
  readonly needs: StreamNeeds;
  /** The target. */
  readonly facts: TargetFacts;
  /** The destination that was recorded. */
  readonly recorded?: CaptureSide;
  /** How the recorded migration ended. */
  readonly outcome?: CaptureOutcome;
  /** What the user says. */
  readonly options?: TargetOptions;
}

/** Capabilities that both sides must have alike: what the stream does not need must be off. */
const EXACT = ["multifd", "x-ignore-shared"] as const;

/** Capabilities that matter to a source alone. Some of them a destination refuses without need. */
const SOURCE_CAPABILITIES: ReadonlySet<string> = new Set([
  "auto-converge",
  "background-snapshot",
  "dirty-limit",
  "pause-before-switchover",
  "release-ram",
  "zero-copy-send",
]);

/** Parameters that make no sense in a replay. */
const LEFT_OUT_PARAMETERS: { readonly [name: string]: string } = {
  "tls-creds": "migwire sends without TLS",
  "tls-hostname": "migwire sends without TLS",
  "tls-authz": "migwire sends without TLS",
  "mode": "a stream is sent as in mode normal",
  "cpr-exec-command": "a stream is sent as in mode normal",
  "direct-io": "it is about files",
};

/** Capabilities that go with another one, by the checks of `migrate-set-capabilities`. */
const REQUIRED: { readonly [name: string]: string } = {
  "switchover-ack": "return-path",
  "postcopy-preempt": "postcopy-ram",
};

/** Capabilities that cannot be set, and with which nothing can be set, when the target listens (QEMU 8.0 and later). */
export const SET_BEFORE_LISTENING = ["multifd", "postcopy-preempt"] as const;

/** What the settings of a capture may be overruled by. */
interface Wish {
  readonly value: unknown;
  readonly from: string;
  /** The stream cannot be loaded without it. */
  readonly isNeed: boolean;
}

/**
 * What a target is to be set to.
 *
 * Where stream and recorded destination disagree, the stream counts; but a recorded destination that did not complete
 * keeps what it had, so that the same happens again.
 *
 * @example
 * ```ts ignore
 * const { settings } = targetSettings({ needs, facts, recorded: capture.manifest?.destination });
 * for (const { name, value, from } of settings) console.log(`${name} = ${value}: ${from}`);
 * ```
 */
export function targetSettings(input: SettingsInput): TargetSettings {
  return new Assembly(input).result();
}

/** The value that a capability or parameter has when the settings are applied; undefined if the target does not know it. */
export function settingOf(
  { settings }: TargetSettings,
  facts: TargetFacts,
  kind: TargetSetting["kind"],
  name: string,
): unknown {
  const known = kind === "capability" ? facts.capabilities : facts.parameters;
  const setting = settings.find((one) => one.kind === kind && one.name === name && one.isKnown);
  return setting?.value ?? (Object.hasOwn(known, name) ? known[name] : undefined);
}

class Assembly {
  readonly #input: SettingsInput;
  readonly #settings = new Map<string, TargetSetting>();
  readonly #leftOut: LeftOut[] = [];
  /** The recorded destination did not complete: what it had is kept, to see the same again. */
  readonly #repeats: boolean;

  constructor(input: SettingsInput) {
    this.#input = input;
    const ended = input.outcome?.destination;
    this.#repeats = ended !== undefined && ended !== "completed";
  }

  result(): TargetSettings {
    this.#all(
      "capability",
      this.#input.options?.capabilities ?? {},
      this.#input.recorded?.capabilities,
      this.#capabilities(),
    );
    this.#require();
    this.#all("parameter", this.#input.options?.parameters ?? {}, this.#input.recorded?.parameters, this.#parameters());
    return { settings: [...this.#settings.values()], leftOut: this.#leftOut };
  }

  /** Goes through the names that anybody says something about. */
  #all(
    kind: TargetSetting["kind"],
    options: { readonly [name: string]: unknown },
    recorded: { readonly [name: string]: unknown } | undefined,
    stream: ReadonlyMap<string, Wish>,
  ): void {
    for (const name of new Set([...Object.keys(options), ...Object.keys(recorded ?? {}), ...stream.keys()])) {
      const wish = stream.get(name);
      const had = recorded === undefined ? undefined : recordedValue(kind, name, recorded);
      if (Object.hasOwn(options, name)) this.#set(kind, name, options[name], "option", "the user");
      else if (had === undefined) this.#wish(kind, name, wish);
      else if (had !== wish?.value && wish?.isNeed === true && !this.#repeats) this.#wish(kind, name, wish);
      else this.#record(kind, name, had, wish);
    }
  }

  #wish(kind: TargetSetting["kind"], name: string, wish: Wish | undefined): void {
    if (wish === undefined || (this.#isFrozen(kind) && !wish.isNeed)) return;
    this.#set(kind, name, wish.value, "stream", wish.from);
  }

  #record(kind: TargetSetting["kind"], name: string, value: unknown, wish: Wish | undefined): void {
    const why = this.#noUse(kind, name, value, wish);
    if (why !== undefined) this.#leftOut.push({ kind, name, value, why });
    else this.#set(kind, name, value, "capture", "capture.json");
  }

  /** Why something recorded is not taken over. */
  #noUse(kind: TargetSetting["kind"], name: string, value: unknown, wish: Wish | undefined): string | undefined {
    if (kind === "capability") {
      if (SOURCE_CAPABILITIES.has(name) && value === true) return "only a source uses it";
      if (this.#isFrozen(kind) && wish?.isNeed !== true && this.#input.facts.capabilities[name] !== value) {
        return "the target listens already";
      }
      if (this.#isKnown(kind, name) || value === false || wish?.value === true) return undefined;
    } else {
      const why = Object.hasOwn(LEFT_OUT_PARAMETERS, name) ? LEFT_OUT_PARAMETERS[name] : undefined;
      if (why !== undefined) return why;
      if (this.#isKnown(kind, name) || wish !== undefined) return undefined;
    }
    return `QEMU ${this.#input.facts.qemu} does not know it`;
  }

  #set(kind: TargetSetting["kind"], name: string, value: unknown, origin: SettingOrigin, from: string): void {
    const { capabilities, parameters } = this.#input.facts;
    const known = kind === "capability" ? capabilities : parameters;
    const isKnown = this.#isKnown(kind, name);
    // What is not known is off already.
    if (!isKnown && kind === "capability" && value === false && origin !== "option") return;
    const isSet = Object.hasOwn(known, name) && isSame(known[name], value);
    this.#settings.set(`${kind} ${name}`, { kind, name, value, origin, from, isSet, isKnown });
  }

  /** A target that listens with one of these refuses any change, so that only what is needed is worth to be asked for. */
  #isFrozen(kind: TargetSetting["kind"]): boolean {
    const { hasBegun, version, capabilities } = this.#input.facts;
    return kind === "capability" && hasBegun && isAtLeast(version, 8, 0) &&
      SET_BEFORE_LISTENING.some((name) => capabilities[name] === true);
  }

  #isKnown(kind: TargetSetting["kind"], name: string): boolean {
    const { capabilities, parameters } = this.#input.facts;
    // Has no value, and is not named, before it is set.
    if (kind === "parameter" && name === "block-bitmap-mapping") return true;
    return Object.hasOwn(kind === "capability" ? capabilities : parameters, name);
  }

  /** Capabilities that the target would refuse alone. */
  #require(): void {
    for (const [name, required] of Object.entries(REQUIRED)) {
      const setting = this.#settings.get(`capability ${name}`);
      const other = this.#settings.get(`capability ${required}`);
      if (setting?.value !== true || !setting.isKnown || other?.value === true || other?.origin === "option") continue;
      this.#set("capability", required, true, setting.origin, `${name} requires it`);
    }
  }

  #capabilities(): Map<string, Wish> {
    const { needs } = this.#input;
    const wishes = new Map<string, Wish>();
    for (const name of EXACT) wishes.set(name, { value: false, from: "the stream is without it", isNeed: true });
    // The files of mapped-ram have no channels.
    if (needs.capabilities.includes("mapped-ram")) wishes.delete("multifd");
    if (needs.returnPath) wishes.set("return-path", { value: true, from: "the stream opens one", isNeed: false });
    for (const name of needs.capabilities) wishes.set(name, { value: true, from: "the stream needs it", isNeed: true });
    return wishes;
  }

  #parameters(): Map<string, Wish> {
    const { multifdChannels, compression } = this.#input.needs;
    const wishes = new Map<string, Wish>();
    if (multifdChannels === 0) return wishes;
    const channels = multifdChannels === 1 ? "one multifd channel" : `${multifdChannels} multifd channels`;
    wishes.set("multifd-channels", { value: multifdChannels, from: `the stream has ${channels}`, isNeed: true });
    wishes.set("multifd-compression", {
      value: compression,
      from: compression === "none"
        ? "the stream has no compressed packets"
        : `the stream is compressed by ${compression}`,
      // Without pages there is nothing that could be compressed.
      isNeed: compression !== "none",
    });
    return wishes;
  }
}

/** A recorder names what was set: the rest had QEMU's defaults. */
function recordedValue(
  kind: TargetSetting["kind"],
  name: string,
  recorded: { readonly [name: string]: unknown },
): unknown {
  if (Object.hasOwn(recorded, name)) return recorded[name];
  if (kind === "capability") return false;
  return { "multifd-channels": 2, "multifd-compression": "none" }[name];
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
