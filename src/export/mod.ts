/** Writes captures as Parquet tables. @module */
export { type ExportJob, exportOne } from "./export_one.ts";
export { fingerprintOf, type Marker, readMarker } from "./marker.ts";
export { longName, migrationNames, plainName } from "./names.ts";
export { type JobResult, runJobs } from "./run_jobs.ts";
