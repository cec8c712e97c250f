/**
 * Holds `migwire report` to what a browser makes of its pages: `deno task report-gate [--screenshots DIR] [CAPTURE...]`. Every capture
 * beside the project is drawn and opened in Debian's Chromium, which is installed if it is missing: it must say nothing
 * on the console and ask for nothing, and the headline must be what `inspect --json` says. A capture made to attack must run
 * nothing. A large one must be drawn in time. Pictures of all pages, 1280 and 480 pixels wide, go to DIR.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { main } from "../cli/main.ts";
import { memoryIo } from "../cli/memory_io.ts";
import { pageText } from "../cli/report/page.ts";
import type { InspectReport } from "../src/report/inspect/mod.ts";
import { timelineReport } from "../src/report/timeline/mod.ts";
import { Chromium, type Page } from "./browser/chromium.ts";
import { HOSTILE, hostileCapture } from "./hostile_capture.ts";
import { needProgram } from "./needed_program.ts";
import { CAPTURES } from "./real_captures.ts";
import { writeLargeCapture } from "./large_capture.ts";
import { withFolder } from "./temporary.ts";

/** Widths of the window, pixels. */
const WIDTHS = [1280, 480];

/** Most that a page may have. */
const MOST_BYTES = 1_000_000;

const { screenshots = "dist/report", _: only } = parseArgs(Deno.args, { string: ["screenshots"] });
let failed = 0;

function say(name: string, wrong: readonly string[], right = ""): void {
  failed += wrong.length;
  console.log(`${wrong.length === 0 ? "ok   " : "FAIL "} ${name}${right === "" ? "" : `: ${right}`}`);
  for (const text of wrong) console.log(`      ${text.slice(0, 600)}`);
}

async function migwire(...args: string[]): Promise<string> {
  const io = memoryIo();
  const code = await main(args, io);
  if (code !== 0) throw new Error(`migwire ${args.join(" ")}: exit code ${code}: ${io.err()}`);
  return io.out();
}

/** What a page asked for beside itself. */
function askedFor(page: Page, path: string): string[] {
  return page.requests.splice(0).filter((url) => url !== `file://${path}`).map((url) => `it asks for ${url}`);
}

/** What a page did that it should not, and what is wrong with how it looks. */
async function oddities(page: Page, path: string, width: number): Promise<string[]> {
  page.requests.length = 0;
  await page.open(path, width);
  const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  return [
    ...page.messages.splice(0).map((message) => `${width} pixels: ${message}`),
    ...askedFor(page, path),
    ...(overflow > 0 ? [`it is ${overflow} pixels wider than the window of ${width}`] : []),
  ];
}

async function keepPicture(page: Page, name: string): Promise<void> {
  await Deno.writeFile(`${screenshots}/${name}.png`, await page.screenshot());
}

const FACTS = `Object.fromEntries([...document.querySelectorAll("[data-fact]")].map((element) =>
  [element.dataset.fact, element.querySelector("data")?.value ?? element.textContent]))`;

/** What the headline says otherwise than `inspect --json`. */
async function compareHeadline(
  page: Page,
  { complete, qemu, main, capture, switchover, ...report }: InspectReport,
): Promise<string[]> {
  const facts = await page.evaluate<Record<string, string>>(FACTS);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const { devices } = report;
  const expected: [string, unknown][] = [
    ["complete", complete],
    ["qemu.source", qemu.source],
    ["qemu.destination", qemu.destination],
    ["main.machine", main?.machine ?? undefined],
    ["outcome.source", capture.outcome?.source],
    ["outcome.destination", capture.outcome?.destination],
    ["bytes", sum(report.channels.map(({ bytes }) => bytes))],
    ["deviceBytes", devices.length === 0 ? undefined : sum(devices.map((one) => one.precopyBytes + one.stopCopyBytes))],
    ["buffers", devices.length === 0 ? undefined : sum(devices.map((one) => one.precopyRecords + one.buffers))],
  ];
  const nanoseconds = switchover?.nanoseconds ?? null;
  if (nanoseconds !== null) expected.push(["switchover.nanoseconds", nanoseconds]);
  return expected.filter(([name, value]) => facts[name] !== (value === undefined ? undefined : String(value)))
    .map(([name, value]) => `${name} is ${facts[name]} on the page, ${value} in inspect --json`);
}

const VIEW_BOX = `document.querySelector("svg.plot")?.getAttribute("viewBox")`;

/** Zoom and cursor by keyboard, buttons and mouse. */
async function tryControls(page: Page): Promise<string[]> {
  const viewBox = (): Promise<string> => page.evaluate(VIEW_BOX);
  const readout = (): Promise<string> => page.evaluate(`document.querySelector(".readout").textContent`);
  const wrong: string[] = [];
  const all = await viewBox();
  const expect = async (what: string, zoomed: boolean): Promise<void> => {
    if ((await viewBox() !== all) !== zoomed) wrong.push(`${what} ${zoomed ? "does not zoom" : "does not show all"}`);
  };
  await page.evaluate(`document.querySelector(".plots").focus()`);
  await page.press("ArrowRight");
  if (await readout() === "") wrong.push("the right arrow shows nothing");
  await page.press("+");
  await expect("plus", true);
  await page.press("Escape");
  await expect("Escape", false);
  await page.evaluate(`document.querySelector("[data-do=in]").click()`);
  await expect("the button Zoom in", true);
  await page.evaluate(`document.querySelector("[data-do=right]").click()`);
  await page.evaluate(`document.querySelector("[data-do=all]").click()`);
  await expect("the button Show all", false);
  await page.evaluate(`document.querySelector("svg.plot").scrollIntoView({ block: "center" })`);
  const { x, y, width } = await page.evaluate<DOMRectReadOnlyLike>(
    `document.querySelector("svg.plot").getBoundingClientRect().toJSON()`,
  );
  const mouse = (type: string, part: number): Promise<unknown> =>
    page.send("Input.dispatchMouseEvent", {
      type,
      x: x + part * width,
      y: y + 5,
      button: "left",
      buttons: 1,
      clickCount: 1,
    });
  await mouse("mouseMoved", 0.3);
  if (await readout() === "") wrong.push("the mouse shows nothing");
  await mouse("mousePressed", 0.3);
  await mouse("mouseMoved", 0.6);
  await mouse("mouseReleased", 0.6);
  await expect("dragging", true);
  await page.press("0");
  await expect("0", false);
  return wrong;
}

/** Where an element stands. */
interface DOMRectReadOnlyLike {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

async function tryCaptures(browser: Chromium, folder: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(CAPTURES));
  const all = entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  const names = only.length === 0 ? all : all.filter((name) => only.includes(name));
  if (names.length === 0) {
    throw new Error(`Cannot try any page: no capture of ${CAPTURES.pathname} was named, or it has none`);
  }
  const page = await browser.page();
  for (const name of names) {
    const capture = new URL(name, CAPTURES).pathname;
    const path = `${folder}/${name}.html`;
    await migwire("report", capture, "--out", path);
    const wrong: string[] = [];
    const { size } = await Deno.stat(path);
    if (size > MOST_BYTES) wrong.push(`the page has ${size} bytes`);
    for (const width of WIDTHS) {
      wrong.push(...await oddities(page, path, width));
      await keepPicture(page, `${name}-${width}`);
    }
    await page.open(path, 1280);
    wrong.push(...await compareHeadline(page, JSON.parse(await migwire("inspect", "--json", capture))));
    wrong.push(...await tryControls(page), ...page.messages.splice(0), ...askedFor(page, path));
    say(name, wrong, `${size} bytes`);
  }
  await page.close();
}

/** How a page looks in the dark, in print, and without its script. */
async function tryMedia(browser: Chromium, folder: string): Promise<void> {
  const name = "vfio-multifd-4-big";
  const path = `${folder}/media.html`;
  await migwire("report", new URL(name, CAPTURES).pathname, "--out", path);
  const page = await browser.page();
  const media = async (parameters: { media?: string; features?: { name: string; value: string }[] }): Promise<void> => {
    await page.send("Emulation.setEmulatedMedia", parameters);
  };
  const wrong: string[] = [];
  await media({ features: [{ name: "prefers-color-scheme", value: "dark" }] });
  for (const width of WIDTHS) {
    wrong.push(...await oddities(page, path, width));
    await keepPicture(page, `${name}-${width}-dark`);
  }
  const dark = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  if (dark === "rgb(255, 255, 255)") wrong.push("it is white in the dark");
  await media({ media: "print", features: [{ name: "prefers-color-scheme", value: "light" }] });
  wrong.push(...await oddities(page, path, 800));
  await keepPicture(page, `${name}-print`);
  await media({ media: "" });
  await page.send("Emulation.setScriptExecutionDisabled", { value: true });
  wrong.push(...await oddities(page, path, 1280));
  await keepPicture(page, `${name}-no-script`);
  await page.close();
  say("dark, print, without script", wrong);
}

/** A page that is made of what attacks it. */
async function tryHostile(browser: Chromium, folder: string): Promise<void> {
  const path = `${folder}/hostile.html`;
  const text = pageText(await timelineReport(hostileCapture()), "0.0.0");
  await Deno.writeTextFile(path, text);
  const wrong = HOSTILE.filter((hostile) => text.includes(hostile)).map((hostile) =>
    `${hostile} is in the page as it is`
  );
  const page = await browser.page();
  for (const width of WIDTHS) {
    wrong.push(...await oddities(page, path, width));
    await keepPicture(page, `hostile-${width}`);
  }
  await page.evaluate(`document.querySelectorAll("svg, [title]").forEach((element) =>
    element.dispatchEvent(new MouseEvent("pointermove", { bubbles: true })))`);
  wrong.push(...await tryControls(page));
  const seen = await page.evaluate<Record<string, unknown>>(`({
    ran: globalThis.pwned ?? null,
    strange: document.querySelectorAll("img, iframe, object, embed, form, link, base, a, foreignObject, animate, set").length,
    scripts: [...document.scripts].filter((script) => script.type !== "application/json").length,
    handlers: [...document.querySelectorAll("*")].filter((element) =>
      [...element.attributes].some(({ name }) => name.startsWith("on") || name === "href" || (name === "style" && !element.matches(".cursor, .chosen")))).length,
    shown: document.body.textContent.includes("<script>")
  })`);
  for (const [name, value] of Object.entries({ ran: null, strange: 0, scripts: 1, handlers: 0, shown: true })) {
    if (seen[name] !== value) wrong.push(`${name} is ${seen[name]}`);
  }
  // Were something to get in all the same, the page's policy would not let it run.
  await page.evaluate(`(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.pwned = 1";
    document.body.append(script);
    const image = document.createElement("img");
    image.setAttribute("onerror", "globalThis.pwned = 2");
    image.src = "x:";
    document.body.append(image);
  })()`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  if (await page.evaluate("globalThis.pwned ?? null") !== null) wrong.push("the policy lets a script run");
  await page.close();
  say("a hostile capture runs nothing", wrong);
}

/** A capture of 100 000 events and 16 channels, drawn by a process of its own. */
async function tryLarge(browser: Chromium, folder: string): Promise<void> {
  const capture = `${folder}/large`;
  const path = `${folder}/large.html`;
  const { events, channels } = writeLargeCapture(capture);
  const cli = new URL("../cli/main.ts", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--allow-read", `--allow-write=${folder}`, cli, "report", capture, "--out", path];
  const start = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const took = Math.round(performance.now() - start);
  const wrong = success ? [] : [new TextDecoder().decode(stderr)];
  const { size } = success ? await Deno.stat(path) : { size: 0 };
  if (size > MOST_BYTES) wrong.push(`the page has ${size} bytes`);
  const page = await browser.page();
  for (const width of success ? WIDTHS : []) {
    wrong.push(...await oddities(page, path, width));
    await keepPicture(page, `large-${width}`);
  }
  await page.close();
  say(
    `${events} events on ${channels} channels`,
    wrong,
    `${took} ms, which bench:report judges, ${size} bytes`,
  );
}

await needProgram("chromium");
await Deno.mkdir(screenshots, { recursive: true });
await withFolder(async (folder) => {
  const browser = await Chromium.start();
  try {
    await tryLarge(browser, folder);
    await tryHostile(browser, folder);
    await tryCaptures(browser, folder);
    await tryMedia(browser, folder);
  } finally {
    await browser.close();
  }
});
console.log(failed === 0 ? `all pages are as they should be; pictures in ${screenshots}` : `${failed} problems`);
Deno.exit(failed === 0 ? 0 : 1);
