/** The page: one file, which asks for nothing and runs nothing but its own script. @module */

import { coarserView, type TimelineReport } from "../../src/public/report.ts";
import { printable } from "../terminal.ts";
import { createHash } from "node:crypto";
import { disorderHtml, ramHtml, sizesHtml } from "./bars_html.ts";
import { clipText } from "./clip_text.ts";
import { headlineFacts, headlineVerdict } from "./facts.ts";
import { type Html, html, trusted } from "./html.ts";
import { PAGE_SCRIPT } from "./page_script.ts";
import { type ProblemLimits, problemsHtml } from "./problems_html.ts";
import { STYLE_SHEET } from "./style_sheet.ts";
import { throughputHtml } from "./throughput_html.ts";
import { legendHtml } from "./timeline/legend.ts";
import { viewHtml } from "./timeline/view.ts";

/** Characters of a fact: names and errors can be long. */
const FACT_LENGTH = 300;

/** A fact of more characters takes two columns. */
const LONG = 70;

/**
 * What the page may do: style and run what it was made with, told by their hashes, and nothing else. So neither text from
 * a capture that got past the escaping nor anything that is added later runs.
 */
export function contentSecurityPolicy(style: string, script: string): string {
  const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Most bytes of a page. */
const MOST_BYTES = 1_000_000;

/** How much is shown. */
interface Detail {
  /** How often the bins of the timeline are made half as many. */
  readonly halvings: number;
  /** Problems. */
  readonly problems: ProblemLimits;
}

/** All that there is, or less if that is too large: what is left out is said. */
const DETAILS: readonly Detail[] = [
  { halvings: 0, problems: { places: 40, listed: 100 } },
  { halvings: 0, problems: { places: 20, listed: 20 } },
  { halvings: 1, problems: { places: 20, listed: 20 } },
  { halvings: 2, problems: { places: 10, listed: 10 } },
  { halvings: 3, problems: { places: 5, listed: 0 } },
  { halvings: 4, problems: { places: 5, listed: 0 } },
];

/**
 * The page: below 1 MB, whatever there is to show.
 *
 * @param report What it shows.
 * @param version Version of migwire.
 * @returns The document.
 */
export function pageText(report: TimelineReport, version: string): string {
  let text = "";
  for (const detail of DETAILS) {
    text = renderPage(report, version, detail);
    if (new TextEncoder().encode(text).length <= MOST_BYTES) break;
  }
  return text;
}

function renderPage(full: TimelineReport, version: string, { halvings, problems }: Detail): string {
  let { views } = full;
  for (let i = 0; i < halvings; i++) views = views.map(coarserView);
  const report = { ...full, views };
  const { inspected: { capture } } = report;
  const name = capture.kind === "stdin" ? "standard input" : printable(capture.name);
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(STYLE_SHEET, PAGE_SCRIPT)}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="migwire ${version}">
        <title>${clipText(name, 80)}: migwire report</title>
        <style>${trusted(STYLE_SHEET)}</style>
      </head>
      <body>
    ${patterns()}
    ${headerHtml(report, name)}
    <main>
    ${section("timeline", "Timeline", timelineHtml(report))}
    ${section("throughput", "Throughput by channel", throughputHtml(report))}
    ${section("order", "Order of device buffers", disorderHtml(report))}
    ${section("sizes", "Sizes of sections and devices", sizesHtml(report))}
    ${section("ram", "RAM pages by block", ramHtml(report))}
    ${section("problems", "Problems", problemsHtml(report, problems))}
    </main>
    <footer><p>Made by migwire ${version}. Exact numbers: <code>migwire inspect --json</code>, <code>migwire load --json</code>.</p></footer>
    <script>${trusted(PAGE_SCRIPT)}</script>
      </body>
    </html>
  `;
  return String(page);
}

function section(id: string, title: string, content: Html | null): Html | null {
  return content === null
    ? null
    : html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}
</section>`;
}

function headerHtml(report: TimelineReport, name: string): Html {
  const { about, payload } = report.inspected.capture;
  const { tone, word, text } = headlineVerdict(report);
  return html`<header>
<p class="brand">migwire report</p>
<h1>${clipText(name, 120)}</h1>
${about === undefined ? null : html`<p class="about">${clipText(about, FACT_LENGTH)}</p>`}
<p class="verdict ${tone}" data-fact="verdict"><strong>${word}</strong> <span>${
    clipText(text, 2 * FACT_LENGTH)
  }</span></p>
${payload === false ? html`<p class="note">Recorded without payload: zeros stand for pages and device data.</p>` : null}
<dl class="facts">
${
    headlineFacts(report).map(({ id, label, text, value }) =>
      html`
        <div class="${text.length > LONG ? "long" : "short"}">
          <dt>${label}</dt>
          <dd data-fact="${id}">${value === undefined
            ? clipText(text, FACT_LENGTH)
            : html`<data value="${typeof value === "string" ? clipText(value, FACT_LENGTH) : value}">${
              clipText(text, FACT_LENGTH)
            }</data>`}</dd>
        </div>
      `
    )
  }</dl>
</header>`;
}

function timelineHtml(report: TimelineReport): Html {
  return html`
    ${legendHtml(report)}
    <div class="tools"
      hidden><button type="button" data-do="in">Zoom in</button><button type="button" data-do="out">Zoom out</button><button type="button" data-do="left">Left</button><button type="button" data-do="right">Right</button><button type="button" data-do="all">Show all</button><span class="note">Drag over a lane to enlarge a part of it.</span></div>
    ${report.views.map((view) => viewHtml(view, report))}
  `;
}

/**
 * What tells kinds apart without colour. Lanes are stretched sideways, so that only stripes from left to right stay what
 * they are.
 */
function patterns(): Html {
  const striped = (id: string, on: number, period: number): Html =>
    html`
      <pattern id="${id}" width="8" height="${period}" patternUnits="userSpaceOnUse">
        <rect class="a" width="8" height="${on}" />
        <rect class="b" y="${on}" width="8" height="${period - on}" />
      </pattern>
    `;
  return html`
    <svg class="patterns" width="0" height="0" aria-hidden="true">
      <defs>${striped("zero", 2, 4)}${striped("config", 1, 3)}${striped("unread", 1, 2)}${striped(
        "starving",
        2,
        4,
      )}${striped("gated", 1, 3)}</defs>
    </svg>
  `;
}
