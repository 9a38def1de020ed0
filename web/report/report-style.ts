import { REPORT_STYLE } from '../../evaluation/report-style.ts';

/** Style of the report of a run: that of the evaluation's, and what only this report has. */
export const RUN_REPORT_STYLE = `${REPORT_STYLE}
:root { --s3: #8a949b; } @media (prefers-color-scheme: dark) { :root { --s3: #6f7b84; } }
.part { stroke: var(--panel); stroke-width: 1; } svg .part.s0, svg .part.s1, svg .part.s2 { stroke: var(--panel); stroke-width: 1; }
svg .s3 { fill: var(--s3); } svg .value { font-variant-numeric: tabular-nums; }
svg .box { fill: var(--panel); stroke: var(--s0); stroke-width: 1.5; } svg .box.side { stroke: var(--line); fill: var(--band); }
svg .flow { stroke: var(--soft); stroke-width: 1.3; fill: none; } svg .arrow { fill: var(--soft); } svg text.head { font-weight: 600; }
.figure { margin: 1rem 0 1.4rem; } .figure h3 { font-size: 1.02rem; margin: 1.2rem 0 .4rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); gap: 0 18px; align-items: start; }
.figure .cards { margin: .4rem 0; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
td small { max-width: 34rem; white-space: normal; } td.keys { white-space: normal; min-width: 17rem; text-align: left; }
.figure thead th:first-child:not(.text) { text-align: right; } td.text small { text-align: left; }
code { font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
details { margin: .4rem 0; } summary { color: var(--soft); cursor: pointer; font-size: .9rem; width: fit-content; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--band); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; margin: .5rem 0; }
ul.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 12px; list-style: none; padding: 0; margin: .4rem 0 1rem; }
ul.pictures li { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: .85rem; }
ul.pictures img { display: block; width: 100%; height: auto; background: #000; } ul.pictures p { margin: 0; padding: 6px 10px; overflow-wrap: anywhere; }
ul.pictures .none { padding: 26px 10px; text-align: center; color: var(--soft); background: var(--band); }
h4 { margin: .8rem 0 .2rem; font-size: .95rem; } h4 span, .soft { color: var(--soft); font-weight: 400; }
table.facts th, table.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; vertical-align: top; } table.facts th { min-width: 11rem; }
.broken { color: var(--bad); }
p.alarm { border: 2px solid var(--bad); color: var(--bad); border-radius: 8px; padding: 10px 14px; font-weight: 600; }
@media print { :root { --page: #fff; } body { font-size: 12px; } main, header { max-width: none; padding: 0; }
  h2, h3, h4 { break-after: avoid; } ul.pictures li, svg, tr { break-inside: avoid; } .scroll { overflow: visible; }
  details:not([open]) { display: none; } ul.pictures { grid-template-columns: repeat(3, 1fr); } th, td { white-space: normal; } }
`;
