import type { DeviceBuffers, DeviceMode, DeviceSummary, PciSummary } from "../../src/public/inspect.ts";
import { formatBytes, printable, type Style } from "../terminal.ts";
import { firstFew, labelled, WIDTH, wrap } from "./layout.ts";
import { count, instanceName } from "./words.ts";

/** Channels that are named for a device. */
const CHANNELS_SHOWN = 16;

const MODES: { readonly [mode in DeviceMode]: string } = {
  main: "on the main channel",
  multifd: "over multifd channels",
  mixed: "both on the main channel and over multifd channels",
  unknown: "the stream ends before it tells how the state travels",
};

/**
 * The VFIO devices.
 *
 * @param devices What they sent.
 * @param style How it looks.
 */
export function deviceLines(devices: readonly DeviceSummary[], style: Style): string[] {
  if (devices.length === 0) return [];
  const list = firstFew(devices, (shown) => shown.flatMap((device) => deviceText(device, style)));
  return [style.bold("VFIO devices"), ...list];
}

function deviceText(device: DeviceSummary, style: Style): string[] {
  const { mode, precopyBytes, precopyRecords, multifd, pci } = device;
  const flags = [
    ...(device.initDataSent ? ["INIT_DATA_SENT"] : []),
    ...(device.configLoadReady ? ["CONFIG_LOAD_READY"] : []),
  ];
  const facts: [string, string][] = [
    ["pre-copy", precopyBytes === 0 ? "none" : `${formatBytes(precopyBytes)} in ${count(precopyRecords, "piece")}`],
    ["stop-and-copy", stopCopyText(device)],
    ...(multifd === undefined ? [] : bufferFacts(multifd)),
    ["config", configText(device)],
    ...(pci === null ? [] : [["device", pciText(pci)] as [string, string]]),
    ...(flags.length === 0 ? [] : [["flags", flags.join(", ")] as [string, string]]),
  ];
  const colour = mode === "mixed" ? style.yellow : style.cyan;
  const lines = wrap(`${instanceName(device)}: ${MODES[mode]}`, WIDTH - 2);
  return [...lines.map((line) => `  ${colour(line)}`), ...labelled(facts, 4)];
}

function stopCopyText({ stopCopyBytes, buffers, mode, multifd }: DeviceSummary): string {
  if (buffers === 0) return "none";
  const pieces = mode === "multifd" ? count(buffers, "buffer") : count(buffers, "piece");
  const sizes = multifd?.bufferBytes ?? null;
  const range = sizes === null
    ? ""
    : sizes.smallest === sizes.largest
    ? ` of ${formatBytes(sizes.largest)}`
    : ` of ${formatBytes(sizes.smallest)} to ${formatBytes(sizes.largest)}`;
  return `${formatBytes(stopCopyBytes)} in ${pieces}${range}`;
}

function bufferFacts(multifd: DeviceBuffers): [string, string][] {
  const channels = multifd.channels.slice(0, CHANNELS_SHOWN).map(({ id, buffers, bytes }) =>
    `multifd ${id}: ${buffers} (${formatBytes(bytes)})`
  );
  const more = multifd.channels.length - channels.length;
  return [
    ["carried by", `${channels.join(", ")}${more > 0 ? `, and ${count(more, "more channel")}` : ""}`],
    ["order", orderText(multifd)],
    ...(multifd.missingIndex === null
      ? []
      : [["missing", `buffer ${multifd.missingIndex}, though later ones came`] as [string, string]]),
  ];
}

function orderText({ order, outOfOrderBuffers, outOfOrderDistance }: DeviceBuffers): string {
  if (order === "none") return "not looked at: too many buffers";
  const source = order === "recorded" ? "as recorded" : "at best, as times were not recorded";
  if (outOfOrderBuffers === 0) return `all in order, ${source}`;
  return `${count(outOfOrderBuffers, "buffer")} came early, by up to ${outOfOrderDistance}, ${source}`;
}

function configText({ configBytes, multifd }: DeviceSummary): string {
  if (configBytes === 0 && (multifd?.configIndex ?? null) === null) return "did not come";
  const index = multifd?.configIndex ?? null;
  return `${formatBytes(configBytes)}${index === null ? "" : `, as buffer ${index}`}`;
}

function pciText({ description, configSpaceBytes, msixVectors, subsystem, display }: PciSummary): string {
  const [what = ""] = description;
  const details = [
    `subsystem ${subsystem}`,
    `config space of ${configSpaceBytes} bytes`,
    msixVectors === 0 ? "no MSI-X" : `MSI-X with ${count(msixVectors, "vector")}`,
    ...(display ? ["display"] : []),
  ];
  return `${printable(what)}\n${details.join(", ")}`;
}
