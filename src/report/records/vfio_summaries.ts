import type { VfioRecord, VfioTagRecord } from "../../stream/mod.ts";
import { decodePciConfig, describePciConfig, vfioTagName } from "../../wire/mod.ts";
import { count, size, type Summaries, type SummaryField, word } from "./summary_field.ts";

/** Records of the section of a VFIO device. */
export const VFIO_SUMMARIES: Summaries<VfioRecord["kind"]> = {
  "vfio-setup-state": tag,
  "vfio-end-of-state": tag,
  "vfio-init-data-sent": tag,
  "vfio-config-load-ready": tag,
  "vfio-data": (record) => [...tag(record), size("data", record.payload.length)],
  "vfio-config": (record) => {
    const { configSpace, msixTable } = record.config;
    const [what = ""] = describePciConfig(decodePciConfig(configSpace));
    return [...tag(record), size("configSpace", configSpace.length), count("vectors", msixTable.length), word(what)];
  },
};

function tag({ tag }: Pick<VfioTagRecord, "tag">): SummaryField[] {
  return [word((vfioTagName(tag) ?? "").replace("VFIO_MIG_FLAG_", ""))];
}
