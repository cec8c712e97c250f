/**
 * The tables of `export`: a row is values in the order of the table's columns. Lengths and offsets are bytes, times
 * nanoseconds since the recording began.
 *
 * @module
 */

/** Version of the tables; columns may be added within a version. */
export const EXPORT_FORMAT = "migwire-export/1";

/** What a column holds. */
export type ColumnType = "text" | "integer" | "boolean";

/** A value of a row; null where it is not known. */
export type Cell = string | number | bigint | boolean | null;

/** Receives a row of a table, its values by column; what is left out is null. */
export type RowSink = (table: TableName, row: { readonly [column: string]: Cell | undefined }) => void;

/** The tables, their columns in order. */
export const EXPORT_TABLES = {
  migrations: {
    format: "text",
    capture: "text",
    kind: "text",
    about: "text",
    readable: "boolean",
    failure: "text",
    complete: "boolean",
    source_qemu: "text",
    destination_qemu: "text",
    source_outcome: "text",
    destination_outcome: "text",
    machine: "text",
    page_size: "integer",
    ending: "text",
    postcopy: "text",
    capabilities: "text",
    channels: "integer",
    bytes: "integer",
    switchover_start_ns: "integer",
    last_device_ns: "integer",
    eof_ns: "integer",
    switchover_ns: "integer",
    verdict: "text",
    verdict_code: "text",
    verdict_reason: "text",
    source_believes: "text",
    not_loaded: "text",
    errors: "integer",
    warnings: "integer",
  },
  channels: {
    label: "text",
    role: "text",
    connection: "integer",
    direction: "text",
    multifd_id: "integer",
    bytes: "integer",
    syncs: "integer",
    ends: "text",
    cut_at: "integer",
    opaque_bytes: "integer",
  },
  sections: {
    section_id: "integer",
    idstr: "text",
    instance_id: "integer",
    version_id: "integer",
    starts: "integer",
    parts: "integer",
    ends: "integer",
    fulls: "integer",
    bytes: "integer",
    extent: "text",
  },
  devices: {
    idstr: "text",
    instance_id: "integer",
    mode: "text",
    precopy_bytes: "integer",
    stop_copy_bytes: "integer",
    buffers: "integer",
    config_bytes: "integer",
    out_of_order_buffers: "integer",
    out_of_order_distance: "integer",
    missing_index: "integer",
    pci_id: "text",
    loaded_bytes: "integer",
    state: "text",
    peak_bytes: "integer",
    peak_buffers: "integer",
    limit_bytes: "integer",
    limit_buffers: "integer",
    starvations: "integer",
    starved_ns: "integer",
  },
  buffers: {
    idstr: "text",
    idx: "integer",
    channel: "text",
    bytes: "integer",
    arrived_ns: "integer",
    loading_ns: "integer",
    loaded_ns: "integer",
  },
  ram_pages: {
    channel: "text",
    block: "text",
    kind: "text",
    start: "integer",
    pages: "integer",
    page_size: "integer",
    stream_offset: "integer",
  },
  problems: {
    severity: "text",
    code: "text",
    channel: "text",
    stream_offset: "integer",
    field: "text",
    message: "text",
    qemu: "text",
    hint: "text",
  },
} as const satisfies { readonly [table: string]: { readonly [column: string]: ColumnType } };

/** Name of a table. */
export type TableName = keyof typeof EXPORT_TABLES;

/** Names of the tables. */
export const TABLE_NAMES: readonly TableName[] = Object.keys(EXPORT_TABLES) as TableName[];
