import { assertEquals } from "@std/assert";
import { RefusingSink } from "../load/mod.ts";
import type { LoadReportOptions } from "../report/load/mod.ts";
import type { ForgeDescription } from "./mod.ts";

/** What the options of `load` that a description names do. */
export function loadOptionsOf({ load }: Pick<ForgeDescription, "load">): LoadReportOptions {
  const [option, value = ""] = load;
  if (option === "--device-rate") return { deviceRate: 64 * 1024 };
  if (option === "--refuse-at") return { sink: () => new RefusingSink(Number(value)) };
  if (option === "--stall-at") return { sink: () => new RefusingSink(Number(value), undefined, 0) };
  assertEquals(load, []);
  return {};
}
