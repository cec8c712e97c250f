/** Exports captures on another core: a job comes, its marker or its error goes back. @module */
/// <reference lib="deno.worker" />
import { exportOne } from "./export_one.ts";
import type { WorkerTask } from "./worker_task.ts";

self.onmessage = async ({ data: { job, stop } }: MessageEvent<WorkerTask>): Promise<void> => {
  const flag = new Int32Array(stop);
  try {
    self.postMessage({ marker: await exportOne(job, () => Atomics.load(flag, 0) !== 0) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
