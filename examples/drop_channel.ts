/**
 * Takes a channel out of a capture, as if its connection had never come, and says what a destination makes of the rest.
 *
 *     drop_channel.ts CAPTURE CHANNEL OUT
 *
 * CHANNEL is a label with dashes for spaces, such as multifd-1. OUT is a new capture directory, without the channel and its times.
 */
import {
  type Capture,
  identifyChannels,
  isCaptureFile,
  loadReport,
  openCapture,
  writeDirectory,
  writeWholeDirectory,
} from "@migwire/migwire";

const [path = "", name = "", out = ""] = Deno.args;
const label = name.replaceAll("-", " ");
const capture = openCapture(path);
try {
  const channels = identifyChannels(capture);
  const dropped = channels.find((channel) => channel.label === label);
  if (dropped === undefined) {
    console.error(`There is no channel "${label}", only ${channels.map(({ label }) => label).join(", ")}`);
    Deno.exit(1);
  }
  // A capture is a value: what is left of it is another one. What the connection answered goes with it.
  const rest: Capture = {
    ...capture,
    channels: capture.channels.filter(({ index }) => index !== dropped.channel.index),
  };
  let bytes = 0;
  const steps = writeWholeDirectory(out, (folder) => writeDirectory(rest, folder, { selected: true }), {
    owns: isCaptureFile,
  });
  for (bytes of steps);
  console.log(`${out}: ${bytes} bytes in ${rest.channels.length} channels, without ${label}`);
} finally {
  capture.close();
}

// The destination is the recorded one, which waits for all its channels.
const written = openCapture(out);
try {
  const { verdict } = await loadReport(written);
  console.log(`${verdict.kind}: ${verdict.reason}`);
} finally {
  written.close();
}
