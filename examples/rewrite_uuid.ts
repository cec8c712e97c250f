/**
 * Gives a recorded machine another UUID: a destination refuses multifd channels that have another one than it has.
 *
 *     rewrite_uuid.ts CAPTURE UUID OUT
 *
 * OUT is a new capture directory. The UUID stands in the initial packet of each multifd channel and, if the source had
 * the capability validate-uuid, in the configuration of the main channel. All else stays byte for byte as it was.
 */
import {
  type Capture,
  checkCapture,
  describeFinding,
  formatUuid,
  type MultifdInitRecord,
  openCapture,
  readCapture,
  recordInto,
  replay,
} from "@migwire/migwire";

const [path = "", uuid = "", out = ""] = Deno.args;

async function withCapture<T>(path: string, use: (capture: Capture) => T | Promise<T>): Promise<T> {
  const capture = openCapture(path);
  try {
    return await use(capture);
  } finally {
    capture.close();
  }
}

/** Prints the UUIDs that a capture has, channel by channel. */
function show(capture: Capture): void {
  readCapture(capture, (record, { label }) => {
    if (record.kind !== "multifd-init") return;
    console.log(`${capture.name}  ${label}  ${formatUuid((record as MultifdInitRecord).uuid)}`);
  });
}

await withCapture(path, async (capture) => {
  show(capture);
  // Nobody is sent to, and what would be sent is recorded.
  const about = `${capture.name}, with another UUID`;
  const tap = (): ReturnType<typeof recordInto> => recordInto(out, { name: `${capture.name} rewritten`, about });
  await replay(capture, { target: { kind: "nowhere" }, changes: { uuid }, tap });
});

await withCapture(out, (capture) => {
  show(capture);
  const { ok, problems } = checkCapture(capture);
  console.log(`check: ${ok ? "ok" : problems.map(describeFinding).join("\n")}`);
  if (!ok) Deno.exitCode = 1;
});
