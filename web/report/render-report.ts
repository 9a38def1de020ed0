/** The report of a run as one HTML page. Pure: what is asked and read comes in, text goes out. */
import { createHash } from 'node:crypto';
import type { RunDocument } from '../../activities/run-document.ts';
import { escapeHtml } from '../../evaluation/plots.ts';
import type { AnswerRow } from './cells.ts';
import type { Fact } from './facts.ts';
import type { Figure, ReportSection } from './figures/figure.ts';
import { type FigureContext, renderFigure } from './render-figure.ts';
import { RUN_REPORT_STYLE } from './report-style.ts';

/** A figure with the answer to its query. */
export interface AnsweredFigure {
  readonly figure: Figure;
  readonly rows: readonly AnswerRow[];
}

export interface AnsweredSection {
  readonly section: ReportSection;
  readonly figures: readonly AnsweredFigure[];
}

/** Everything that the report shows. */
export interface ReportContent extends FigureContext {
  readonly run: RunDocument;
  /** Version of the program that makes the report. */
  readonly version: string;
  readonly sections: readonly AnsweredSection[];
  readonly timing: readonly Fact[];
  readonly provenance: readonly Fact[];
  readonly deidentification: readonly Fact[];
  /** What does not add up; empty where all is well. */
  readonly alarms: readonly string[];
}

/**
 * One self-contained page: no script, nothing loaded; the policy in it forbids both, but for its own style and
 * pictures. The same content gives the same bytes.
 */
export function renderReport(content: ReportContent): string {
  const { run } = content;
  const style = createHash('sha256').update(RUN_REPORT_STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${style}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const sections = [
    ...content.sections.map(({ section, figures }) => ({
      id: section.id,
      title: section.title,
      body: [
        ...(section.intro === undefined ? [] : [`<p class="soft">${escapeHtml(section.intro)}</p>`]),
        ...(section.id === 'deidentification'
          ? [
              renderFacts('What was done to headers (from run.json)', content.deidentification),
              `<p class="note">Rows and methods of the profile are those of the Serieswise ${escapeHtml(content.version)} that made this report.</p>`,
            ]
          : []),
        ...renderFigures(figures, content),
      ].join('\n'),
    })),
    {
      id: 'provenance',
      title: 'Timing and provenance',
      body:
        renderFacts('Timing (from run.json)', content.timing) +
        renderFacts('Provenance (from run.json)', content.provenance) +
        `<details><summary>The resolved pipeline</summary><pre><code>${escapeHtml(JSON.stringify(run.pipeline, null, 2))}</code></pre></details>`,
    },
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(run.pipeline.name)}: report of a run</title>
<style>${RUN_REPORT_STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the figures</a>
<header>
<h1>${escapeHtml(run.pipeline.name)}</h1>
<p class="meta">Report of the run that ended at ${escapeHtml(run.finished_at)}, bundle ${escapeHtml(`${run.bundle.name} ${run.bundle.version}`)}. Each figure is one query: open it below the figure, and ask it yourself with serieswise query DIR &quot;…&quot;. Patients, studies and series have pseudonyms.</p>
</header>
<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`).join('')}</ul></nav>
<main id="main">
${content.alarms.map((alarm) => `<p class="alarm">${escapeHtml(alarm)}</p>`).join('\n')}
${sections.map(({ id, title, body }) => `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>\n${body}</section>`).join('\n')}
</main>
<footer>Made by Serieswise ${escapeHtml(run.serieswise_version)}. Not a medical device.</footer>
</body>
</html>
`;
}

/** Charts stand side by side where there is room. */
function renderFigures(figures: readonly AnsweredFigure[], context: FigureContext): string[] {
  const isChart = ({ figure }: AnsweredFigure): boolean => /^(bars|histogram)$/.test(figure.view.kind);
  const parts: string[] = [];
  let charts: string[] = [];
  const flush = (): void => {
    if (charts.length > 0) parts.push(`<div class="pair">${charts.join('\n')}</div>`);
    charts = [];
  };
  for (const each of figures) {
    const html = renderFigure(each.figure, each.rows, context);
    if (isChart(each)) charts.push(html);
    else {
      flush();
      parts.push(html);
    }
  }
  flush();
  return parts;
}

function renderFacts(caption: string, facts: readonly Fact[]): string {
  const rows = facts.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table class="facts"><caption>${escapeHtml(caption)}</caption><tbody>${rows.join('')}</tbody></table></div>`;
}
