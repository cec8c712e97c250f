/** Exports captures on another core: a job comes, its marker or its error goes back. @module */
/// <reference lib="deno.worker" />
import { type ExportJob, exportOne } from "./export_one.ts";

self.onmessage = async ({ data }: MessageEvent<ExportJob>): Promise<void> => {
  try {
    self.postMessage({ marker: await exportOne(data) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
