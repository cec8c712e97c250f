import type { Layouts } from "./layouts.ts";
import { mainLayout } from "./main_layouts.ts";
import { MULTIFD_LAYOUTS } from "./multifd_records.ts";
import type { BaseRecord } from "./record.ts";
import { RETURN_PATH_LAYOUTS } from "./return_path.ts";
import { TLS_LAYOUTS } from "./tls.ts";
import { VFIO_LAYOUTS } from "./vfio_body.ts";

const BY_KIND: Layouts = { ...VFIO_LAYOUTS, ...MULTIFD_LAYOUTS, ...RETURN_PATH_LAYOUTS, ...TLS_LAYOUTS };

/** The layout of a record of any channel; undefined for what has none: `opaque`, `truncated`. */
export function layoutOf(record: BaseRecord): Layouts[string] | undefined {
  return mainLayout(record) ?? BY_KIND[record.kind];
}
