/** Captures as tables for SQL over many migrations, as `migwire export` writes them. @module */
export {
  type ExportJob,
  exportOne,
  fingerprintOf,
  type JobResult,
  type Marker,
  migrationNames,
  readMarker,
  runJobs,
} from "../export/mod.ts";
export {
  type Cell,
  EXPORT_FORMAT,
  EXPORT_TABLES,
  exportCapture,
  exportUnreadable,
  type RowSink,
  TABLE_NAMES,
  type TableName,
} from "../report/export/mod.ts";
