import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { openCapture } from "../../src/capture/mod.ts";
import { type TimelineReport, timelineReport } from "../../src/report/timeline/mod.ts";
import { CORPUS_FOLDERS } from "../../testing/corpus_folders.ts";
import { HOSTILE, hostileCapture } from "../../testing/hostile_capture.ts";
import { configPacket, packet, startedStream } from "../../testing/load_bytes.ts";
import { smallStream, stream } from "../../testing/main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG } from "../../testing/memory_capture.ts";
import { main } from "../main.ts";
import { memoryIo } from "../memory_io.ts";
import { contentSecurityPolicy, pageText } from "./page.ts";

const [shared] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];

type Element = DefaultTreeAdapterTypes.Element;

/** The elements of a page, which must be without any fault in its HTML. */
function elementsOf(text: string): Element[] {
  const document = parse(text, {
    onParseError: ({ code, startLine }) => assert(false, `${code} in line ${startLine}`),
  });
  const found: Element[] = [];
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if ("tagName" in node) found.push(node);
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(document);
  return found;
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((attr) => attr.name === name)?.value;
}

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

/** The facts of the headline, with their exact values. */
function factsOf(elements: readonly Element[]): Map<string, string> {
  return new Map(elements.flatMap((element) => {
    const id = attribute(element, "data-fact");
    if (id === undefined) return [];
    const data = element.childNodes.find((node) => node.nodeName === "data") as Element | undefined;
    return [[id, (data === undefined ? undefined : attribute(data, "value")) ?? textOf(element).trim()]];
  }));
}

/** Elements that load or run something, and attributes that do. */
const FORBIDDEN = [
  "img",
  "iframe",
  "object",
  "embed",
  "link",
  "base",
  "form",
  "a",
  "image",
  "use",
  "foreignobject",
  "animate",
  "set",
];

function assertHarmless(elements: readonly Element[], name: string): void {
  for (const { tagName, attrs } of elements) {
    assert(!FORBIDDEN.includes(tagName.toLowerCase()), `${name}: ${tagName}`);
    for (const { name: key } of attrs) {
      assert(!/^on|^style$|^src|^href|^xlink/.test(key), `${name}: ${tagName} ${key}`);
    }
  }
  const scripts = elements.filter(({ tagName }) => tagName === "script");
  assertEquals(scripts.filter((script) => attribute(script, "type") === undefined).length, 1, name);
}

Deno.test({
  name:
    "pageText() is faultless HTML below 1 MB that loads nothing, and says what inspect --json says, for every capture",
  ignore: CAPTURES.length === 0,
  async fn(): Promise<void> {
    for (const name of CAPTURES) {
      const path = decodeURIComponent(new URL(name, shared?.url).pathname);
      const capture = openCapture(path);
      const report = await timelineReport(capture);
      capture.close();
      const text = pageText(report, "1.2.3");
      assert(new TextEncoder().encode(text).length < 1_000_000, name);
      const elements = elementsOf(text);
      assertHarmless(elements, name);
      const io = memoryIo();
      await main(["inspect", "--json", path], io);
      const json = JSON.parse(io.out());
      const facts = factsOf(elements);
      assertEquals(facts.get("complete"), String(json.complete), name);
      assertEquals(facts.get("qemu.source"), json.qemu.source, name);
      assertEquals(facts.get("qemu.destination"), json.qemu.destination, name);
      assertEquals(facts.get("main.machine"), json.main?.machine ?? undefined, name);
      assertEquals(facts.get("outcome.destination"), json.capture.outcome?.destination, name);
      const bytes = json.channels.reduce((sum: number, channel: { bytes: number }) => sum + channel.bytes, 0);
      assertEquals(facts.get("bytes"), String(bytes), name);
      const nanoseconds = json.switchover?.nanoseconds ?? null;
      if (nanoseconds !== null) assertEquals(facts.get("switchover.nanoseconds"), String(nanoseconds), name);
    }
  },
});

Deno.test("pageText() has the hashes of its style and script in its policy, and allows nothing else", async () => {
  const text = pageText(await timelineReport(memoryCapture([{ bytes: smallStream().bytes() }])), "1.2.3");
  const elements = elementsOf(text);
  const policy = elements.map((element) => attribute(element, "content") ?? "").find((one) =>
    one.startsWith("default-src")
  );
  const hash = (tagName: string): string => {
    const element = elements.find((one) => one.tagName === tagName && attribute(one, "type") === undefined);
    return createHash("sha256").update(element === undefined ? "" : textOf(element)).digest("base64");
  };
  assertEquals(
    policy,
    `default-src 'none'; style-src 'sha256-${hash("style")}'; script-src 'sha256-${
      hash("script")
    }'; base-uri 'none'; form-action 'none'`,
  );
  assertMatch(contentSecurityPolicy("a", "b"), /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src/);
});

Deno.test("pageText() shows what a hostile capture says, as text", async () => {
  const text = pageText(await timelineReport(hostileCapture()), "1.2.3");
  for (const hostile of HOSTILE) assert(!text.includes(hostile), hostile);
  const elements = elementsOf(text);
  assertHarmless(elements, "hostile");
  const shown = elements.filter(({ tagName }) => tagName === "body").map(textOf).join("");
  for (const hostile of HOSTILE.slice(0, 6)) assertStringIncludes(shown, hostile.slice(0, 40));
  // Nothing of it is inside of what is run or styles.
  for (const { tagName, childNodes } of elements) {
    if (tagName === "style") assert(!childNodes.map(textOf).join("").includes("pwned"));
  }
});

async function pageOf(capture: Parameters<typeof timelineReport>[0]): Promise<string> {
  const text = pageText(await timelineReport(capture), "1.2.3");
  elementsOf(text);
  return text;
}

Deno.test("pageText() of nothing, of no stream, of very many channels and problems is a page all the same", async () => {
  assertStringIncludes(await pageOf(memoryCapture([])), "0 bytes on 0 channels");
  assertStringIncludes(
    await pageOf(memoryCapture([{ bytes: new TextEncoder().encode("no stream") }])),
    "not understood",
  );
  const many = Array.from({ length: 255 }, (_, id) => ({ bytes: multifdChannel(id % 256) }));
  const crowd = await pageOf(memoryCapture([{ bytes: smallStream().bytes() }, ...many]));
  assertStringIncludes(crowd, "… and 216 more channels");
  assert(crowd.length < 1_000_000, String(crowd.length));
  const faulty = stream();
  for (let i = 0; i < 400; i++) faulty.part(9, []);
  const text = await pageOf(memoryCapture([{ bytes: faulty.bytes() }]));
  assert(text.length < 1_000_000, String(text.length));
});

Deno.test("pageText() stays below 1 MB with names as long as they can be", async () => {
  const name = "\u202e".repeat(84);
  const main = stream();
  for (let i = 0; i < 300; i++) main.full(i, `${name}${i}`, 1, new Uint8Array(4));
  const text = await pageOf(memoryCapture([{ bytes: main.eof().bytes() }]));
  assert(text.length < 1_000_000, String(text.length));
});

/** The report of a small stream, with something else in it. */
async function changed(change: (report: TimelineReport) => Partial<TimelineReport>): Promise<string> {
  const report = await timelineReport(memoryCapture([{ bytes: smallStream().bytes() }]));
  return pageText({ ...report, ...change(report) }, "1.2.3");
}

Deno.test("pageText() tells what it leaves out", async () => {
  const problem = { severity: "error", code: "x", channel: "main", offset: 1, message: "odd" } as const;
  const text = await changed(({ checked }) => ({
    checked: { ...checked, problems: new Array(300).fill(problem), found: { errors: 300, warnings: 2 } },
  }));
  assertStringIncludes(text, "… and 202 more problems");
  const histograms = await changed(() => ({
    disorder: [
      { idstr: "a/vfio", instanceId: 0, order: "none", ranges: [] },
      { idstr: "b/vfio", instanceId: 0, order: "channels", ranges: [{ from: 4, to: 7, buffers: 2 }] },
    ],
  }));
  assertStringIncludes(histograms, "too many buffers");
  assertStringIncludes(histograms, "4 to 7");
});

/** A device over one channel, its second buffer first. */
function deviceCapture(events?: readonly object[]): ReturnType<typeof memoryCapture> {
  const main = startedStream().end(5, VFIO_TAG.end).full(5, DEVICE, 1, VFIO_TAG.end).eof().bytes();
  const channel = multifdChannel(0, packet(1, new Uint8Array(1000)), packet(0, new Uint8Array(1000)), configPacket(2));
  return memoryCapture([{ bytes: main }, { bytes: channel }], events);
}

const EXPECT = { qemu: "10.1", multifdTransfer: "on" } as const;

Deno.test("pageText() draws devices in the steps of the load where there are no times", async () => {
  const text = pageText(await timelineReport(deviceCapture(), { expect: EXPECT }), "1.2.3");
  elementsOf(text);
  assertStringIncludes(text, "one step after the other, in the order canonical");
  assertStringIncludes(text, 'data-view="steps"');
  assert(!text.includes('id="throughput"'));
});

Deno.test("pageText() draws the limit on a queue where it can be seen, and names it where it is far above", async () => {
  const page = async (maxQueuedSize: number): Promise<string> =>
    pageText(await timelineReport(deviceCapture(), { expect: { ...EXPECT, maxQueuedSize } }), "1.2.3");
  const near = await page(3000);
  assertStringIncludes(near, 'class="limit"');
  assertStringIncludes(near, "held: 2 KiB of 2.9 KiB");
  const far = await page(1 << 30);
  assert(!far.includes('class="limit"'));
  assertStringIncludes(far, "limit 1 GiB, far above");
});

Deno.test("pageText() of a capture with events but without bytes has no throughput", async () => {
  const text = await pageOf(memoryCapture([{ bytes: new Uint8Array(0) }], [{ t: 5, ch: 0, ev: "open" }]));
  assert(!text.includes('id="throughput"'));
  assertStringIncludes(text, "nothing came");
});

Deno.test("pageText() says what cannot be loaded, what was left out, and how a migration is called", async () => {
  const capture = memoryCapture([{ bytes: smallStream().bytes() }]);
  const text = await pageOf({
    ...capture,
    kind: "stdin",
    manifest: { payload: false } as NonNullable<typeof capture.manifest>,
  });
  assertStringIncludes(text, "standard input");
  assertStringIncludes(text, "recorded without payload");
  assertStringIncludes(text, "Recorded without payload");
});

Deno.test("pageText() stays below 1 MB when every lane is full of everything and every problem is long", async () => {
  const full = await timelineReport(memoryCapture([{ bytes: smallStream().bytes() }]));
  const axis = { unit: "time", start: 0, width: 1e6, bins: 240 } as const;
  const list = (seed: number): number[] => Array.from({ length: 240 }, (_, i) => (i * 7919 * seed) % 1_000_003);
  const kinds = {
    ram: list(1),
    zero: list(2),
    device: list(3),
    vfio: list(5),
    config: list(7),
    frame: list(11),
    sync: list(13),
  };
  const name = `"&'`.repeat(80);
  const lanes = Array.from({ length: 60 }, (_, i) => ({
    label: `${name}${i}`,
    role: "multifd",
    opened: null,
    closed: null,
    reset: true,
    kinds,
  }));
  const devices = Array.from({ length: 30 }, (_, i) => ({
    idstr: `${name}${i}`,
    mode: "multifd" as const,
    axis,
    limit: { bytes: 1, buffers: 1 },
    arrivedBuffers: list(1),
    arrivedBytes: list(2),
    loadedBuffers: list(3),
    loading: list(5),
    starving: list(7),
    gated: list(11),
    queuedBuffers: list(13),
    queuedBytes: list(17),
  }));
  const answers = Array.from({ length: 200 }, (_, i) => ({
    channel: "return path",
    kind: `rp-pong-${i}`,
    bins: Array.from({ length: 240 }, (_, bin) => ({ bin, count: 1 })),
  }));
  const view = { name: "whole", axis, lanes, devices, answers } as const;
  const long = `"`.repeat(5000);
  const problem = {
    severity: "error",
    code: "x",
    channel: long,
    offset: 1,
    message: long,
    qemu: long,
    hint: long,
  } as const;
  const fields = new Array(4).fill({
    offset: 0,
    length: 99,
    field: long,
    value: long,
    meaning: long,
    bytes: new Uint8Array(16),
  });
  const place = { problem, record: { kind: "x", offset: 0, length: 99 }, fields, raw: null };
  const text = pageText({
    ...full,
    timed: true,
    views: [view, { ...view, name: "switchover" }],
    places: new Array(40).fill(place),
    checked: { ...full.checked, problems: new Array(500).fill(problem), found: { errors: 500, warnings: 0 } },
  }, "1.2.3");
  elementsOf(text);
  const { length } = new TextEncoder().encode(text);
  assert(length < 1_000_000, String(length));
});
