import type { ExportJob } from "./export_one.ts";

/** A job, and a number that is not 0 any more when it has to stop: while it works no message is heard. */
export interface WorkerTask {
  /** The job. */
  readonly job: ExportJob;
  /** One 32-bit number. */
  readonly stop: SharedArrayBuffer;
}
