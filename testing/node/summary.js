/**
 * What the library says of a capture, for comparison: the same under Node, with the modules of `deno task bundle:library`,
 * and under Deno, with the sources. JavaScript, since Node 20 reads nothing else.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { NODE_ENTRY_POINTS } from "./entry_points.js";

/** The library: each entry point's module. `importEntry` gives one by its name. */
export async function libraryOf(importEntry) {
  const modules = await Promise.all(NODE_ENTRY_POINTS.map(importEntry));
  return Object.fromEntries(NODE_ENTRY_POINTS.map((name, i) => [name, modules[i]]));
}

/** A line of JSON for each capture directory, and one for what is made of descriptions. */
export async function* summaries(library, directories) {
  for (const directory of directories) yield text(await summaryOf(library, directory));
  yield text(await forged(library));
}

function text(value) {
  return JSON.stringify(value, (_, field) => {
    if (typeof field === "bigint") return `${field}n`;
    return field instanceof Uint8Array ? Array.from(field) : field;
  });
}

function opened({ memory }, directory) {
  const read = (name) => new Uint8Array(readFileSync(`${directory}/${name}`));
  const channels = readdirSync(directory).flatMap((name) => {
    const [, index, direction] = /^channel-(\d+)\.(s2d|d2s)$/.exec(name) ?? [];
    return index === undefined ? [] : [{ bytes: read(name), index: Number(index), direction }];
  });
  return memory.captureOf(channels, {
    manifest: new TextDecoder().decode(read("capture.json")),
    ...(existsSync(`${directory}/events.jsonl`) ? { events: read("events.jsonl") } : {}),
  });
}

async function summaryOf(library, directory) {
  const { check, inspect, load, memory, stream, web } = library;
  const capture = opened(library, directory);
  const channels = {};
  const reading = memory.readCapture(capture, (record, { label }) => (channels[label] ??= []).push(record));
  const streams = {};
  for (const { channel, identity, label } of reading.channels) {
    const bytes = memory.readBytes(channel.source, 0, channel.source.size);
    const options = { resume: reading.state };
    const chunks = new Blob([bytes]).stream();
    const kinds = {};
    let again = 0;
    const pieces = chunks.pipeThrough(new web.PieceStream(web.grammarFor(identity, options)));
    for await (const piece of pieces.pipeThrough(new web.SerialiseStream())) again += piece.length;
    const parser = new stream.ChannelParser(web.grammarFor(identity, options));
    for (const { kind } of [...parser.push(bytes), ...parser.end()]) kinds[kind] = (kinds[kind] ?? 0) + 1;
    streams[label] = { bytes: bytes.length, again, kinds };
  }
  return {
    name: capture.name,
    channels,
    streams,
    inspect: inspect.inspectCapture(capture),
    check: check.checkCapture(capture),
    load: await settled(() => load.loadReport(capture)),
    digests: await settled(() => load.captureDigests(capture)),
  };
}

/** All situations of a destination, and what the engine says of them. */
async function forged({ forge, load }) {
  const verdicts = [];
  for (const { name, text } of forge.FORGE_ROWS) {
    const capture = forge.forge(await forge.parseForgeDescription(text));
    verdicts.push([name, await settled(() => load.loadReport(capture))]);
  }
  return { name: "forged", verdicts };
}

async function settled(action) {
  try {
    return await action();
  } catch (error) {
    return { error: error.message };
  }
}
