/** Style of the HTML report: light and dark by the reader's setting, print included; nothing is loaded. */
export const REPORT_STYLE = `
:root { color-scheme: light dark;
  --page: #fbfbfa; --panel: #ffffff; --ink: #1d2327; --soft: #59636b; --line: #d9dde0; --band: #f1f3f4;
  --s0: #1f5fa8; --s1: #b4560d; --s2: #2b7a4b; --heat: 25 85 155; --miss: 180 60 40; --bad: #a3281b; --good: #1d6b3c; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14181b; --panel: #1b2024; --ink: #e6e9eb; --soft: #a3adb5; --line: #394248; --band: #22292e;
  --s0: #7ab2f0; --s1: #f0a35e; --s2: #74c796; --heat: 52 106 176; --miss: 190 75 60; --bad: #ff9d8f; --good: #84d6a2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main, header, nav { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; } h2 { font-size: 1.3rem; margin: 2.4rem 0 .6rem; scroll-margin-top: 1rem; }
p.meta { color: var(--soft); margin: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: 0; margin: .8rem 0; list-style: none; }
a { color: var(--s0); } a:focus-visible, .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
a.skip { position: absolute; left: -999px; } a.skip:focus { left: 8px; top: 8px; background: var(--panel); padding: .4rem .8rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 12px; margin: 1.2rem 0; padding: 0; list-style: none; }
.cards li { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
.cards b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); display: block; }
.cards .pass b { color: var(--good); } .cards .fail b { color: var(--bad); }
.scroll { overflow-x: auto; width: fit-content; max-width: 100%; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; margin: .8rem 0; padding: 10px 14px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 2px 0 8px; white-space: nowrap; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; min-width: 4.6rem; }
th[scope=row], thead th:first-child { text-align: left; font-weight: 500; min-width: 0; }
tbody tr:last-child > * { border-bottom: 0; }
tr.pooled > * { font-weight: 700; border-top: 2px solid var(--line); }
td.text, thead th.text { text-align: left; }
td small { display: block; color: var(--soft); font-size: .8em; line-height: 1.2; }
th.fail { color: var(--bad); font-weight: 700; }
p.note { color: var(--soft); margin: .4rem 0 0; max-width: 75ch; }
ul.said { max-width: 90ch; }
table.confusion { border-collapse: separate; border-spacing: 1px; }
table.confusion th, table.confusion td { border: 0; padding: 2px 5px; }
table.confusion thead th { min-width: 0; text-align: left; font-weight: 500; }
table.confusion thead th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
table.confusion td { min-width: 34px; text-align: center; background: rgb(var(--heat) / var(--a, 0)); border-radius: 2px; }
table.confusion td.miss { background: rgb(var(--miss) / var(--a, 0)); }
table.confusion td.zero { color: var(--soft); opacity: .55; }
@media (prefers-color-scheme: light) { table.confusion td.strong { color: #fff; font-weight: 600; } }
.plots { display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; margin: .8rem 0; } .plots .scroll { margin: 0; }
figure { margin: 0; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; max-width: 100%; }
figcaption { font-weight: 600; margin-bottom: 4px; }
svg { max-width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg .tick, svg .axis { fill: var(--soft); } svg .grid { stroke: var(--line); stroke-width: 1; } svg .band { fill: var(--band); opacity: .6; }
svg .reference { stroke: var(--soft); stroke-width: 1.3; stroke-dasharray: 5 4; }
svg .curve { fill: none; stroke: var(--s0); stroke-width: 2; } svg .bar { fill: var(--s0); opacity: .35; }
svg .s0 { fill: var(--s0); stroke: var(--s0); } svg .s1 { fill: var(--s1); stroke: var(--s1); } svg .s2 { fill: var(--s2); stroke: var(--s2); }
svg line.s0, svg line.s1, svg line.s2 { stroke-width: 2; stroke-linecap: round; }
footer { max-width: 1180px; margin: 3rem auto 2rem; padding: 0 20px; color: var(--soft); }
@media print { nav, a.skip { display: none; } .scroll, figure { break-inside: avoid; } }
`;
