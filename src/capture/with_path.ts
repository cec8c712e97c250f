import { CaptureError } from "./capture_error.ts";

/** Runs `action` on the file or directory `path`; what the system throws becomes a {@linkcode CaptureError}. */
export function withPath<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, cause: unknown): unknown {
  if (cause instanceof CaptureError || !(cause instanceof Error)) return cause;
  const options = { cause };
  if (cause instanceof Deno.errors.NotFound) {
    return new CaptureError("not-found", `Cannot open ${path}: there is no such file or directory`, undefined, options);
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    const message = `Cannot open ${path}: the system forbids it`;
    return new CaptureError("permission-denied", message, "look at its owner and mode", options);
  }
  if (cause instanceof Deno.errors.NotCapable) {
    // Deno lets nothing below /dev and /proc be opened with --allow-read alone: process substitution ends here.
    const hint = cause.message.includes("--allow-all")
      ? "Deno opens this with --allow-all only; pipe it in and give - instead of the name"
      : `start with --allow-read=${path}`;
    return new CaptureError("not-allowed", `Cannot open ${path}: Deno has no permission to read it`, hint, options);
  }
  return new CaptureError("read-failed", `Cannot read ${path}: ${cause.message}`, undefined, options);
}
