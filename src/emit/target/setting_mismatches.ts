import { isAtLeast } from "../../capture/mod.ts";
import type { StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";
import { type Mismatch, mismatch } from "./mismatch.ts";
import { SET_BEFORE_LISTENING, settingOf, type TargetSettings } from "./settings.ts";

/** What QEMU says of capabilities that come too late. */
const TOO_LATE = {
  "multifd": "Multifd must be set before incoming starts",
  "postcopy-preempt": "Postcopy preempt must be set before incoming starts",
};

/** What a target does when a capability is off that the stream needs. */
function consequenceOf(
  name: string,
  needs: StreamNeeds,
  facts: TargetFacts,
): { readonly what: string; readonly qemu?: string } {
  if (name === "multifd") {
    return {
      what: "the multifd channels are refused",
      qemu: "socket_accept_incoming_migration: Extra incoming migration connection; ignoring",
    };
  }
  if (name !== "switchover-ack") return { what: "it may not be loaded" };
  const device = facts.devices.find(({ idstr }) => needs.devices.some((needed) => needed.idstr === idstr));
  const what = "no device takes the sign that its initial data was sent";
  if (device?.name === undefined) return { what };
  return { what, qemu: `${device.name}: Received INIT_DATA_SENT but switchover ack is not used` };
}

/** What does not fit of capabilities and parameters. */
export function settingMismatches(needs: StreamNeeds, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  return [
    ...mappedRam(needs, facts, settings),
    ...unknown(facts, settings),
    ...listening(facts, settings),
    ...kept(needs, facts, settings),
  ];
}

function mappedRam(needs: StreamNeeds, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  if (!needs.capabilities.includes("mapped-ram") && settingOf(settings, facts, "capability", "mapped-ram") !== true) {
    return [];
  }
  return [
    mismatch(facts, "mapped-ram", "the stream is a mapped-ram file, which no connection carries", {
      hint: "start QEMU with -incoming defer, set mapped-ram, and let it read the file: migrate-incoming file:PATH",
    }),
  ];
}

function unknown(facts: TargetFacts, { settings }: TargetSettings): Mismatch[] {
  return settings.filter(({ isKnown }) => !isKnown).map(({ kind, name, from, value, origin }) =>
    mismatch(facts, "capability", `QEMU ${facts.qemu} does not know the ${kind} ${name} (${from})`, {
      ...(kind === "capability" && value === true
        ? { qemu: `Parameter 'capability' does not accept value '${name}'` }
        : {}),
      hint: origin === "option" ? "leave it out" : "it needs another version of QEMU",
    })
  );
}

/** Since 8.0 (migrate_caps_check). It looks at all that will be on, not at what is changed. */
function listening(facts: TargetFacts, all: TargetSettings): Mismatch[] {
  if (!facts.hasBegun || !isAtLeast(facts.version, 8, 0)) return [];
  const changes = all.settings.filter(({ kind, isSet, isKnown }) => kind === "capability" && !isSet && isKnown);
  const barred = SET_BEFORE_LISTENING.find((name) => settingOf(all, facts, "capability", name) === true);
  if (changes.length === 0 || barred === undefined) return [];
  const names = changes.map(({ name, value }) => `${name} ${value === true ? "on" : "off"}`).join(", ");
  return [
    mismatch(facts, "listening", `the target listens already, and cannot be set any more to ${names}`, {
      qemu: TOO_LATE[barred],
      hint: "start QEMU with -incoming defer",
    }),
  ];
}

/** What the user or the recording has otherwise than the stream needs it. */
function kept(needs: StreamNeeds, facts: TargetFacts, all: TargetSettings): Mismatch[] {
  const found: Mismatch[] = [];
  const note = (name: string, value: unknown, needed: string, what: string, qemu?: string): void => {
    const setting = all.settings.find((one) => one.name === name);
    const why = setting === undefined ? "as the target has it" : `by ${setting.from}`;
    found.push(
      mismatch(facts, "setting", `${name} is ${text(value)} ${why}, the stream has ${needed}: ${what}`, {
        severity: "warning",
        ...(qemu === undefined ? {} : { qemu }),
        hint: setting?.origin === "capture" ? "the recorded migration did not complete, and is repeated as it was" : "",
      }),
    );
  };
  for (const name of needs.capabilities) {
    const value = settingOf(all, facts, "capability", name);
    if (value !== false) continue;
    const { what, qemu } = consequenceOf(name, needs, facts);
    note(name, value, `${name} on`, what, qemu);
  }
  const multifd = settingOf(all, facts, "capability", "multifd");
  if (multifd === true && needs.multifdChannels === 0 && !needs.capabilities.includes("mapped-ram")) {
    note("multifd", multifd, "no multifd channels", "the target waits for them for ever");
  }
  if (multifd !== true || needs.multifdChannels === 0) return found;
  const channels = settingOf(all, facts, "parameter", "multifd-channels");
  if (typeof channels === "number" && channels !== needs.multifdChannels) {
    const more = needs.multifdChannels > channels;
    note(
      "multifd-channels",
      channels,
      String(needs.multifdChannels),
      more ? "surplus channels are refused, and what they carry is lost" : "the target waits for ever for the others",
      more ? "socket_accept_incoming_migration: Extra incoming migration connection; ignoring" : undefined,
    );
  }
  const compression = settingOf(all, facts, "parameter", "multifd-compression");
  if (needs.compression !== "none" && typeof compression === "string" && compression !== needs.compression) {
    note("multifd-compression", compression, needs.compression, "the packets cannot be read");
  }
  return found;
}

function text(value: unknown): string {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
}
