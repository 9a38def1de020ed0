/** The proof as one page, in Markdown and in HTML. */
import { formatCount } from '../evaluation/format.ts';
import { escapeHtml } from '../evaluation/plots.ts';
import { REPORT_STYLE } from '../evaluation/report-style.ts';
import type { ProofSummary, Tally } from './summarize.ts';

interface Table {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  note?: string;
}

const CATEGORY_NAMES = { hipaa: 'HIPAA', dicom: 'DICOM', 'best-practice': 'best practice' } as const;
const MAX_FAILURES = 200;

/** Not rounded up: 100.00 % means all. */
export function formatShare({ checks, passed }: Tally): string {
  if (checks === 0) return 'none';
  return `${(Math.floor((passed / checks) * 10_000) / 100).toFixed(2)} %`;
}

/** What to say in one line. */
export function describeProof(summary: ProofSummary): string {
  const survived = summary.survivors.length;
  return survived === 0
    ? `Nothing of ${formatCount(summary.patients)} synthetic patients survived ${formatCount(summary.checks)} checks.`
    : `${formatCount(survived)} identifiers survived.`;
}

export function renderProofMarkdown(summary: ProofSummary): string {
  const blocks = ['# De-identification proof', describeProof(summary), describeSet(summary)];
  for (const table of tabulate(summary)) {
    const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
    blocks.push(
      `## ${table.title}`,
      [line(table.columns), `|${table.columns.map(() => ' --- ').join('|')}|`, ...table.rows.map(line)].join(
        '\n',
      ),
    );
    if (table.note !== undefined) blocks.push(table.note);
  }
  return `${blocks.join('\n\n')}\n`;
}

export function renderProofHtml(summary: ProofSummary): string {
  const sections = tabulate(summary).map(({ title, columns, rows, note }) => {
    const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
    const body = rows
      .map(([first, ...rest]) => {
        const cells = rest.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('');
        return `<tr><th scope="row">${escapeHtml(first ?? '')}</th>${cells}</tr>`;
      })
      .join('\n');
    const said = note === undefined ? '' : `<p class="note">${escapeHtml(note)}</p>`;
    return `<section><h2>${escapeHtml(title)}</h2>
<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${said}</section>`;
  });
  const isGood = summary.survivors.length === 0;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>De-identification proof</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<header><h1>De-identification proof</h1><p class="meta">${escapeHtml(describeSet(summary))}</p></header>
<main>
<ul class="cards"><li class="${isGood ? 'pass' : 'fail'}"><span>survived</span><b>${formatCount(summary.survivors.length)}</b><span>of ${formatCount(countPlanted(summary))} planted</span></li>
${Object.entries(summary.categories)
  .map(
    ([category, tally]) =>
      `<li><span>${CATEGORY_NAMES[category as keyof typeof CATEGORY_NAMES]}</span><b>${formatShare(tally)}</b><span>${formatCount(tally.checks)} checks</span></li>`,
  )
  .join('\n')}</ul>
${sections.join('\n')}
</main>
<footer>Made by Serieswise. The same figures are in proof.json and proof.md beside this file.</footer>
</body>
</html>
`;
}

function countPlanted({ planted }: ProofSummary): number {
  return planted.reduce((sum, kind) => sum + kind.planted, 0);
}

function describeSet(summary: ProofSummary): string {
  const dispositions = Object.entries(summary.dispositions).map(
    ([name, count]) => `${formatCount(count)} ${name}`,
  );
  return `Seed ${summary.seed}: ${formatCount(summary.patients)} synthetic patients in ${formatCount(summary.files)} files (${dispositions.join(', ')}), ${formatCount(summary.checks)} checks.`;
}

function tabulate(summary: ProofSummary): Table[] {
  const { categories, required, checks, passed } = summary;
  const row = (name: string, tally: Tally) => [
    name,
    formatCount(tally.checks),
    formatCount(tally.checks - tally.passed),
    formatShare(tally),
  ];
  const tables: Table[] = [
    {
      title: 'Score',
      columns: ['category', 'checks', 'failed', 'passed'],
      rows: [
        row('HIPAA', categories.hipaa),
        row('DICOM', categories.dicom),
        row('HIPAA and DICOM', required),
        row('best practice', categories['best-practice']),
        row('overall', { checks, passed }),
      ],
      note: 'Best practice asks that every attribute that PS3.15 table E.1-1 has nothing against keeps its value, and that descriptions keep the words that name nobody. Shares are rounded down.',
    },
    {
      title: 'The ten actions of MIDI-B',
      columns: ['action', 'category', 'checks', 'failed', 'passed'],
      rows: summary.actions.map(({ action, category, ...tally }) => {
        const [, ...cells] = row(action, tally);
        return [action, CATEGORY_NAMES[category], ...cells];
      }),
    },
    {
      title: 'What was planted, by kind',
      columns: ['kind', 'rule', 'planted', 'survived'],
      rows: summary.planted.map(({ kind, rule, planted, survived }) => [
        kind,
        /^[A-R]$/.test(rule) ? `HIPAA ${rule}` : rule,
        formatCount(planted),
        formatCount(survived),
      ]),
    },
    {
      title: 'Where it was planted',
      columns: ['place', 'planted', 'survived'],
      rows: summary.places.map(({ place, planted, survived }) => [
        place,
        formatCount(planted),
        formatCount(survived),
      ]),
    },
  ];
  const failures = [...summary.survivors, ...summary.missing];
  if (failures.length > 0) {
    tables.push({
      title: 'What failed of HIPAA and DICOM',
      columns: ['where', 'action', 'kind', 'problem', 'patient'],
      rows: failures
        .slice(0, MAX_FAILURES)
        .map(({ where, action, kind, problem, patient }) => [
          where,
          action,
          kind ?? '',
          problem,
          String(patient),
        ]),
      ...(failures.length > MAX_FAILURES ? { note: `The first ${MAX_FAILURES} of ${failures.length}.` } : {}),
    });
  }
  const lost = summary.useful.filter((entry) => entry.lost > 0);
  tables.push({
    title: 'Useful attributes that were lost',
    columns: ['attribute', 'files', 'lost', 'why'],
    rows: lost.map(({ attribute, files, lost: count, problem }) => [
      attribute,
      formatCount(files),
      formatCount(count),
      problem ?? '',
    ]),
    note: `${summary.useful.length - lost.length} other useful attributes kept their value in every file.`,
  });
  return tables;
}

function escapeCell(text: string): string {
  return text.replace(/[\\|*_`<>[\]]/g, '\\$&');
}
