import { discardWork, type ExportJob, exportOne } from "./export_one.ts";
import type { Marker } from "./marker.ts";
import type { WorkerTask } from "./worker_task.ts";

/** What became of a job. */
export type JobResult = { readonly marker: Marker } | { readonly error: string };

/** Milliseconds that a worker is given to stop: it hears of it with its next row. */
const STOP_LIMIT = 5000;

/** The worker's module. A bundle has no file for it, and then all is done in this thread. */
const WORKER = import.meta.url.endsWith("/run_jobs.ts") ? new URL("./worker.ts", import.meta.url) : undefined;

/**
 * Runs jobs side by side, each in a worker; one at a time in this thread if only one may run.
 *
 * @param jobs The jobs.
 * @param atOnce How many at once, at least 1.
 * @param done Receives each result when it is there.
 * @param signal Ends all of it; its reason is thrown.
 * @throws The signal's reason.
 *
 * @example
 * ```ts
 * import { migrationNames, readMarker, runJobs } from "@migwire/migwire/export";
 *
 * // Writes the tables of captures, four at a time; gives those that could not be read.
 * async function exportAll(paths: string[], out: string): Promise<string[]> {
 *   const names = migrationNames(paths, (name) => readMarker(out, name)?.capture);
 *   const jobs = paths.map((capture, i) => ({ capture, name: names[i] ?? "", out }));
 *   const failed: string[] = [];
 *   await runJobs(jobs, 4, ({ capture }, result) => {
 *     if ("error" in result || result.marker.failure !== null) failed.push(capture);
 *   }, new AbortController().signal);
 *   return failed;
 * }
 * ```
 */
export async function runJobs(
  jobs: readonly ExportJob[],
  atOnce: number,
  done: (job: ExportJob, result: JobResult) => void,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...jobs];
  const next = (): ExportJob | undefined => {
    signal.throwIfAborted();
    return queue.shift();
  };
  const lanes = Math.min(atOnce, jobs.length);
  if (lanes <= 1 || WORKER === undefined) {
    for (let job = next(); job !== undefined; job = next()) {
      done(job, await attempt(job));
      // Signals are heard between two captures.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return;
  }
  // All lanes are waited for, also those that still have to stop.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, async () => {
    const worker = new Worker(WORKER, { type: "module" });
    const stop = new SharedArrayBuffer(4);
    const end = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
    signal.addEventListener("abort", end);
    let current: ExportJob | undefined;
    try {
      while ((current = next()) !== undefined) {
        const result = await answer(worker, { job: current, stop }, signal);
        signal.throwIfAborted();
        done(current, result);
      }
    } finally {
      signal.removeEventListener("abort", end);
      worker.terminate();
      // Whoever did not stop by itself does not tidy up.
      if (current !== undefined) discardWork(current);
    }
  }));
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
}

async function attempt(job: ExportJob): Promise<JobResult> {
  try {
    return { marker: await exportOne(job) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** What becomes of a job; one that has to stop is waited for, so that it writes nothing behind its end. */
async function answer(worker: Worker, task: WorkerTask, signal: AbortSignal): Promise<JobResult> {
  const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const abort = (): void => {
    timer = setTimeout(() => reject(signal.reason), STOP_LIMIT);
  };
  signal.addEventListener("abort", abort);
  worker.onmessage = ({ data }: MessageEvent<JobResult>): void => resolve(data);
  worker.onerror = (event): void => {
    event.preventDefault();
    resolve({ error: event.message });
  };
  worker.postMessage(task);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    clearTimeout(timer);
  }
}
