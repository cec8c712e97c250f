/**
 * The page's style. Colours are those of Okabe and Ito, which people with any kind of colour vision tell apart; stripes
 * and labels say the same without colour. A constant: its hash stands in the page's policy.
 */
export const STYLE_SHEET = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f9; --line: #d5d9e0; --text: #1a1d21; --soft: #59616b; --track: #e9ecf0;
  --ram: #0072b2; --zero: #56b4e9; --zero-gap: #d9eefa; --vfio: #d55e00; --config: #cc79a7; --config-gap: #f4e3ed;
  --device: #009e73; --sync: #111111; --frame: #9aa1ab; --answer: #e69f00; --unread: #333333; --unread-gap: #f0e442;
  --good: #00694d; --bad: #b33c00; --doubt: #7a5200; --focus: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1d2126; --line: #3a4149; --text: #e8eaed; --soft: #a3abb5; --track: #282d34;
    --ram: #2b8fd0; --zero: #7cc6f0; --zero-gap: #24495f; --vfio: #e8772e; --config: #d992bb; --config-gap: #54364a;
    --device: #1fb58c; --sync: #ffffff; --frame: #7d858f; --answer: #f0b429; --unread: #d0d4d9; --unread-gap: #6b6410;
    --good: #4fd3aa; --bad: #ff8a50; --doubt: #f0b429; --focus: #7cc6f0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 78rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1, h2, h3 { line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; font-weight: 650; }
h2 { font-size: 1.2rem; font-weight: 650; margin: 2.5rem 0 0.75rem; padding-bottom: 0.35rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; font-weight: 600; }
p { margin: 0.25rem 0; overflow-wrap: anywhere; }
code, .hex, .place { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.88em; }
.bars + h3, .scroll + h3, .note + h3 { margin-top: 1.2rem; }
.brand { color: var(--soft); font-size: 0.8rem; letter-spacing: 0.06em; text-transform: uppercase; }
.about, .note { color: var(--soft); }
.note { font-size: 0.86rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .doubtful { color: var(--doubt); }
.verdict { display: flex; flex-wrap: wrap; gap: 0.3rem 0.7rem; align-items: baseline; margin: 0.9rem 0; padding: 0.6rem 0.9rem;
  background: var(--panel); border-left: 4px solid currentColor; border-radius: 0 6px 6px 0; }
.verdict strong { font-size: 1.05rem; white-space: nowrap; }
.verdict span { color: var(--text); flex: 1 1 16rem; min-width: 0; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.7rem 1.5rem; margin: 1rem 0 0; }
.facts div { min-width: 0; }
.facts .long { grid-column: span 2; }
.facts dt { color: var(--soft); font-size: 0.8rem; }
.facts dd { margin: 0; font-weight: 550; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.patterns { position: absolute; }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; margin: 0 0 0.75rem; padding: 0; list-style: none; font-size: 0.86rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; }
.legend svg { border: 1px solid var(--line); border-radius: 2px; flex: none; }
.tools { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center; margin: 0 0 0.75rem; }
.tools[hidden] { display: none; }
button { font: inherit; font-size: 0.86rem; color: inherit; background: var(--panel); border: 1px solid var(--line);
  border-radius: 5px; padding: 0.2rem 0.7rem; cursor: pointer; }
button:hover { border-color: var(--soft); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.view { margin: 0 0 1.75rem; }
figcaption { margin-bottom: 0.5rem; }
.plots { position: relative; border-radius: 4px; }
.lane { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr) 12rem; gap: 0 0.75rem; align-items: center; margin: 3px 0; }
.lane > svg { display: block; width: 100%; overflow: hidden; border-radius: 2px; }
.name, .sum { font-size: 0.82rem; line-height: 1.2; min-width: 0; }
.name { text-align: right; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sum { color: var(--soft); font-variant-numeric: tabular-nums; }
.device { margin-top: 0.9rem; }
.device .name { font-weight: 600; }
.device .of { grid-column: 2 / 4; color: var(--soft); font-size: 0.82rem; }
.view .marks { touch-action: pan-y; }
.view .plot { cursor: crosshair; touch-action: pan-y; }
.track { fill: var(--track); }
.k-ram { fill: var(--ram); } .k-zero { fill: url(#zero); } .k-vfio { fill: var(--vfio); } .k-config { fill: url(#config); }
.k-device { fill: var(--device); } .k-sync { fill: var(--sync); } .k-frame { fill: var(--frame); }
.k-answer, .answer { fill: var(--answer); } .k-unread { fill: url(#unread); }
#zero .a { fill: var(--zero); } #zero .b { fill: var(--zero-gap); }
#config .a { fill: var(--config-gap); } #config .b { fill: var(--config); }
#unread .a { fill: var(--unread); } #unread .b { fill: var(--unread-gap); }
#starving .a { fill: var(--vfio); } #starving .b { fill: var(--track); }
#gated .a { fill: var(--track); } #gated .b { fill: var(--config); }
.s-loading { fill: var(--device); } .s-starving { fill: url(#starving); } .s-gated { fill: url(#gated); }
.reset { fill: var(--bad); }
.curve path { fill: var(--vfio); }
.curve.queue path { fill: var(--ram); }
.curve.rate path { fill: var(--ram); }
.limit { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 6 4; vector-effect: non-scaling-stroke; }
.phase rect { fill: var(--panel); stroke: var(--frame); }
.phase text { fill: var(--text); font-size: 11px; }
.phase .narrow { display: none; }
.p-iteration rect { fill: var(--track); }
.p-switchover rect { fill: var(--vfio); fill-opacity: 0.28; stroke: var(--vfio); }
.p-postcopy rect { fill: var(--device); fill-opacity: 0.25; stroke: var(--device); }
.end, .downtime { fill: var(--sync); }
.tick line { stroke: var(--soft); }
.tick text { fill: var(--soft); font-size: 11px; }
.cursor { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--text); pointer-events: none; opacity: 0.6; }
.chosen { position: absolute; top: 0; bottom: 0; background: var(--focus); opacity: 0.18; pointer-events: none; }
.readout { min-height: 1.5em; font-size: 0.86rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; }
.bars { width: 100%; }
.bars th, .bars td { padding: 0.16rem 0.6rem 0.16rem 0; text-align: left; vertical-align: middle; }
.bars thead th { color: var(--soft); font-weight: 500; font-size: 0.8rem; }
.bars tbody th { font-weight: 450; white-space: nowrap; max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
.bars .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bars .bar { width: 55%; min-width: 6rem; }
.bars svg { display: block; width: 100%; background: var(--track); border-radius: 2px; }
.problems { padding-left: 1.6rem; margin: 0; }
.problems li { margin: 0 0 1.1rem; }
.problems .error { color: var(--bad); } .problems .warning { color: var(--doubt); }
.hex { margin: 0.4rem 0; background: var(--panel); border-radius: 4px; }
.hex caption { text-align: left; color: var(--soft); padding: 0.2rem 0; }
.hex td { padding: 0.1rem 0.7rem; white-space: pre; }
.hex .here { background: var(--track); font-weight: 650; }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.86rem; }
@media (max-width: 760px) {
  body { padding: 1rem 0.8rem 2rem; }
  h1 { font-size: 1.35rem; }
  .lane { grid-template-columns: minmax(0, 1fr) auto; margin: 7px 0; }
  .lane > svg { grid-row: 2; grid-column: 1 / 3; }
  .name { text-align: left; }
  .sum { text-align: right; }
  .axis .name { display: none; }
  .device .of { grid-column: 1 / 3; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
  .bars .bar { width: 30%; min-width: 4rem; }
  .bars tbody th { max-width: 9rem; }
  .tick:nth-child(even) { display: none; }
}
@media print {
  :root { color-scheme: light; }
  body { padding: 0; max-width: none; font-size: 11px; }
  .tools, .readout, .cursor, .chosen { display: none; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  h2 { break-after: avoid; }
  .lane, .facts div, .problems li, tr { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
