import { describe, expect, test } from 'vitest';
import { evaluateLabels } from '../../evaluation/evaluate.ts';
import { formatDifference, formatEstimate, formatP, formatPercent } from '../../evaluation/format.ts';
import { checkGate, parseGate } from '../../evaluation/gate.ts';
import { renderHtml } from '../../evaluation/render-html.ts';
import { renderMarkdown } from '../../evaluation/render-markdown.ts';
import { parseLabelTable } from '../../evaluation/tables.ts';

const HOSTILE = '<img src=x onerror=alert(1)>|"&\'`_*';

function makeEvaluation(): ReturnType<typeof evaluateLabels> {
  const truth = ['chest', 'chest', 'abdomen', 'neck', 'c-spine', 'head'];
  const predicted = ['chest', 'abdomen', 'abdomen', 'c-spine', 'c-spine', 'head'];
  const keys = truth.map((_, i) => `series-${i}`);
  const table = (labels: string[]): ReturnType<typeof parseLabelTable> =>
    parseLabelTable(
      new Map<string, unknown[]>([
        ['series_unit', [...keys, `${HOSTILE}${labels[1]}`]],
        ['body_part', [...labels, 'chest']],
        ['body_part_score', labels.map((_, i) => 0.95 - i / 10)],
        ['body_part_header', labels.map((label, i) => (i < 2 ? null : label))],
        ['dataset', labels.map((_, i) => (i < 3 ? HOSTILE : 'north'))],
      ]),
      { name: 'test' },
    );
  return evaluateLabels(
    { truth: table(truth), predictions: table(predicted), compare: table(truth) },
    { rounds: 100, seed: 1, cluster: 'series', subgroups: [{ column: 'dataset' }] },
  );
}

describe('reports', () => {
  const evaluation = makeEvaluation();
  const gate = checkGate(parseGate({ minimum: { 'body_part.accuracy': 0.9 } }), evaluation, null);
  const html = renderHtml(evaluation, gate);
  const markdown = renderMarkdown(evaluation, gate);

  test('the HTML stands by itself: no script, nothing loaded', () => {
    expect(html).not.toMatch(/<script|<link|<iframe|@import|url\(|https?:/i);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('prefers-color-scheme: dark');
  });

  test('values from tables never become markup', () => {
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src=x');
    expect(markdown).not.toMatch(/(^|[^\\])<img/);
    const rows = markdown.split('\n').filter((line) => line.startsWith('|') && line.includes('img src'));
    expect(rows).not.toHaveLength(0);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)!.length).toBe(6);
  });

  test('every plot and table has a name for those who do not see it', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    const figures = [...html.matchAll(/<svg[^>]*aria-labelledby="([^"]+)"/g)];
    expect(figures.length).toBeGreaterThanOrEqual(5);
    for (const [, labels] of figures) {
      for (const id of labels!.split(' ')) expect(ids).toContain(id);
    }
    const tables = html.match(/<table/g)!.length;
    expect(html.match(/<caption>/g)).toHaveLength(tables);
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  test('tags are balanced', () => {
    const open: string[] = [];
    for (const [, slash, name, , selfClosed] of html.matchAll(
      /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^">])*?)(\/?)>/gi,
    )) {
      if (selfClosed === '/' || /^(meta|br)$/i.test(name!)) continue;
      if (slash === '') open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test('both reports hold the figures, the verdict, the omissions and the left-out series', () => {
    for (const page of [html, markdown]) {
      expect(page).toContain('66.7');
      expect(page).toMatch(/Release gate: FAILED/);
      expect(page).toContain('AUC, top-k, Brier score left out');
      expect(page).toMatch(/only in the truth \(1\)/);
      expect(page).toContain('too-wide');
      expect(page).toMatch(/McNemar exact p = /);
      expect(page).toContain('In neither truth nor prediction: head-and-face');
      expect(page).not.toMatch(/NaN|undefined</);
    }
  });

  test('numbers read as a paper prints them', () => {
    const estimate = { value: 0.96026, low: 0.946, high: 0.9722 };
    expect(formatEstimate(estimate, 'accuracy')).toBe('96.0 (94.6 – 97.2)');
    expect(formatEstimate(estimate, 'auc')).toBe('0.960 (0.946 – 0.972)');
    expect(formatEstimate({ value: null, low: null, high: null }, 'auc')).toBe('n/a');
    expect(formatDifference({ value: 0.012, low: -0.003, high: 0.028 }, 'accuracy')).toBe(
      '+1.2 (-0.3 – +2.8)',
    );
    expect(formatPercent(-0.0001)).toBe('0.0');
    expect(formatP(0.0004)).toBe('p < 0.001');
  });
});
