/** Exports captures on another core: a job comes, its marker or its error goes back. @module */
/// <reference lib="deno.worker" />
import { type ExportJob, exportOne } from "./export_one.ts";

/** A job, and a number that is not 0 any more when it has to stop: while it works no message is heard. */
export interface WorkerTask {
  /** The job. */
  readonly job: ExportJob;
  /** One 32-bit number. */
  readonly stop: SharedArrayBuffer;
}

self.onmessage = async ({ data: { job, stop } }: MessageEvent<WorkerTask>): Promise<void> => {
  const flag = new Int32Array(stop);
  try {
    self.postMessage({ marker: await exportOne(job, () => Atomics.load(flag, 0) !== 0) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
