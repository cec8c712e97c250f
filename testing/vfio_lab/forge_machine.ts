import type { ForgeDescription, ForgeStep } from "../../src/forge/mod.ts";
import type { Shown } from "./forge_outcomes.ts";

/** A config of the lab's device, recorded: its tag, the blob, and the tag of the end. */
const CONFIG = recordedConfig();

/** Bytes of a config that is forged without a device to fit. */
const MADE_CONFIG = 292;

/** Makes a description fit the lab: its device's config, its versions of QEMU. */
export function forLab(
  description: ForgeDescription,
  { version = "11.1", limitGrows = false }: Shown,
): ForgeDescription {
  const machine = description.machine === "pc-q35-8.0" ? "pc-q35-8.0" : `pc-q35-${version}`;
  const { destination: { maxQueuedSize, ...destination } } = description;
  const limit = limitGrows ? (maxQueuedSize ?? 0) + CONFIG.length / 2 - MADE_CONFIG : maxQueuedSize;
  return {
    ...description,
    machine,
    destination: {
      ...destination,
      qemu: version === "10.0" ? "10.0.13" : "11.1.3",
      ...(limit === undefined ? {} : { maxQueuedSize: limit }),
    },
    steps: description.steps.map((step) => changed(step, machine)),
  };
}

/** The UUID of a device, by its number; the lab gives it another. */
export function uuidOf(device: number): string {
  return `20000000-0000-4000-8000-${String(device).padStart(12, "0")}`;
}

function changed({ name, value, path }: ForgeStep, machine: string): ForgeStep {
  if (name !== "config") return { name, value: withConfig(value, machine), path };
  const fields = typeof value === "object" && value !== null ? withConfig(value, machine) : { idx: value };
  const isGiven = ["content", "size", "payload"].some((field) => Object.hasOwn(fields as object, field));
  return { name, value: isGiven ? fields : { ...fields as object, content: [{ hex: CONFIG }] }, path };
}

/** A value of a description with the words for a config and a machine replaced. */
function withConfig(value: unknown, machine: string): unknown {
  if (value === "config") return { hex: CONFIG };
  if (value === "pc-q35-10.2") return machine;
  if (Array.isArray(value)) return value.map((item) => withConfig(item, machine));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withConfig(inner, machine)]));
}

function recordedConfig(): string {
  const stream = Deno.readFileSync(new URL("../../testdata/vfio-multifd-2/channel-01.s2d", import.meta.url)).toHex();
  const [, config] = /(ffffffffef100002.*?ffffffffef100001)/.exec(stream) ?? [];
  if (config === undefined) throw new Error("Cannot find a config in the capture");
  return config;
}
