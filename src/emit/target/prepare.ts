import { isAtLeast } from "../../capture/mod.ts";
import { formatSocketAddress, type SocketAddress } from "../../net/mod.ts";
import type { Monitor } from "./ask.ts";
import type { TargetFacts } from "./facts.ts";
import { settingOf, type TargetSettings } from "./settings.ts";

/** How a target is prepared. */
export interface PrepareOptions {
  /** Where it is to listen. */
  readonly listen: SocketAddress;
  /** QEMU ends when the migration fails; false if absent, where that can be said (QEMU 9.1 and later). */
  readonly exitOnError?: boolean;
}

/** A target that is ready. */
export interface PreparedTarget {
  /** It was told to listen; otherwise it did so already. */
  readonly hasStarted: boolean;
  /** QEMU ends when the migration fails. */
  readonly exitsOnError: boolean;
}

/**
 * Sets a target, and makes it listen unless it does so already.
 *
 * @throws {QmpError} `refused` with QEMU's words if it does not take a setting, or cannot listen.
 *
 * @example
 * ```ts ignore
 * const facts = await examineTarget(qmp);
 * const settings = targetSettings({ needs, facts });
 * await prepareTarget(qmp, facts, settings, { listen: { kind: "unix", path: "/run/in.sock" } });
 * ```
 */
export async function prepareTarget(
  monitor: Monitor,
  facts: TargetFacts,
  settings: TargetSettings,
  { listen, exitOnError = false }: PrepareOptions,
): Promise<PreparedTarget> {
  const open = settings.settings.filter(({ isSet, isKnown }) => !isSet && isKnown);
  // All at once: QEMU looks at what comes out together.
  const capabilities = open.filter(({ kind }) => kind === "capability")
    .map(({ name, value }) => ({ capability: name, state: value === true }));
  if (wantsEvents(facts, settings)) capabilities.push({ capability: "events", state: true });
  if (capabilities.length > 0) await monitor.call("migrate-set-capabilities", { capabilities });
  const parameters = open.filter(({ kind }) => kind === "parameter").map(({ name, value }) => [name, value]);
  if (parameters.length > 0) await monitor.call("migrate-set-parameters", Object.fromEntries(parameters));
  if (facts.hasBegun) return { hasStarted: false, exitsOnError: true };
  const uri = formatSocketAddress(listen);
  if (!facts.knowsExitOnError) await monitor.call("migrate-incoming", { uri });
  else await monitor.call("migrate-incoming", { uri, "exit-on-error": exitOnError });
  return { hasStarted: true, exitsOnError: exitOnError || !facts.knowsExitOnError };
}

/** They tell what happens at once. A target that listens may refuse any capability (setting_mismatches.ts). */
function wantsEvents(facts: TargetFacts, settings: TargetSettings): boolean {
  if (facts.capabilities.events !== false || settingOf(settings, facts, "capability", "events") === true) return false;
  const said = settings.settings.find(({ kind, name }) => kind === "capability" && name === "events");
  if (said?.origin === "option") return false;
  return !facts.hasBegun || !isAtLeast(facts.version, 8, 0);
}
