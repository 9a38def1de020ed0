import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript
import { measureRow } from '../../bench/harness/measure.mjs';
// @ts-expect-error: plain JavaScript
import { renderPage } from '../../bench/harness/page.mjs';
// @ts-expect-error: plain JavaScript
import { agreeOn, node } from '../../bench/harness/participants.mjs';
// @ts-expect-error: plain JavaScript
import { mergeReports } from '../../bench/harness/report.mjs';
// @ts-expect-error: plain JavaScript
import { makeSource } from '../../bench/harness/sources.mjs';
// @ts-expect-error: plain JavaScript
import { median, ratioOfMedians } from '../../bench/harness/statistics.mjs';
// @ts-expect-error: plain JavaScript
import { startCommand } from '../../bench/harness/tools.mjs';

describe('median', () => {
  it('takes the middle, or the mean of both, and leaves its input alone', () => {
    const values = [9, 1, 5];
    expect(median(values)).toBe(5);
    expect(values).toEqual([9, 1, 5]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

describe('ratioOfMedians', () => {
  it('has no width where every round says the same, however loaded each was', () => {
    const base = [1, 2, 4, 8, 16];
    const { ratio, low, high } = ratioOfMedians(
      base.map((value) => 3 * value),
      base,
    );
    expect([ratio, low, high]).toEqual([3, 3, 3]);
  });

  it('holds the ratio of medians between bounds that the rounds span, the same at every call', () => {
    const values = [2.2, 1.9, 2.4, 2.0, 2.1];
    const base = [1.0, 1.1, 0.9, 1.05, 1.0];
    const measured = ratioOfMedians(values, base);
    expect(measured.ratio).toBeCloseTo(2.1, 12);
    expect(measured.low).toBeLessThan(measured.ratio);
    expect(measured.high).toBeGreaterThan(measured.ratio);
    expect(measured.low).toBeGreaterThanOrEqual(1.9 / 1.1);
    expect(measured.high).toBeLessThanOrEqual(2.4 / 0.9);
    expect(ratioOfMedians(values, base)).toEqual(measured);
  });

  it('refuses rounds that do not belong together', () => {
    expect(() => ratioOfMedians([1, 2], [1])).toThrow(RangeError);
    expect(() => ratioOfMedians([], [])).toThrow(RangeError);
  });
});

const ratio = (value: number) => ({ ratio: value, low: value, high: value });

/** A row in which ours takes a second and a peer `peerSeconds`. */
function makeRow(key: string, peerSeconds: number) {
  const tool = {
    note: null,
    version: '1.2.3',
    peakBytes: 2 ** 20,
    startUp: { cpuSeconds: 0.5 },
    cpuWithoutStartUp: null,
    wallSeconds: 1,
    wall: ratio(1),
  };
  return {
    key,
    stage: key,
    form: 'short',
    day: '2026-01-01',
    machine: { cpu: 'a CPU', cores: 2, node: 'v20' },
    work: 'a stack',
    cache: 'warm',
    rounds: 5,
    load: [1, 9],
    base: 'serieswise',
    agreement: 'equal',
    why: 'the peer is faster',
    tools: [
      { ...tool, name: 'serieswise', role: 'ours', cpuSeconds: 1, cpu: ratio(1) },
      { ...tool, name: 'peer', role: 'peer', cpuSeconds: peerSeconds, cpu: ratio(peerSeconds) },
      { ...tool, name: 'copy', role: 'limit', cpuSeconds: 0.01, cpu: ratio(0.01) },
    ],
    aims: [
      {
        aim: 'aim',
        of: 'peer',
        key: 'cpu',
        atLeast: 0.4,
        measured: ratio(peerSeconds),
        isReached: peerSeconds >= 0.4,
      },
    ],
  };
}

describe('renderPage', () => {
  it('keeps rows that are lost and stages that failed', () => {
    const page = renderPage({
      rows: [makeRow('preprocess', 0.05)],
      failures: [{ key: 'scan', message: 'no peer' }],
    });
    expect(page).toContain(
      '| peer 1.2.3 | 50.0 ms | 1.00 s | 1 | 0.05 (0.05–0.05) | 1.00 (1.00–1.00) | 0.50 s |',
    );
    expect(page).toContain(
      '| preprocess: a stack | warm | 1.00 s | peer 1.2.3 | 0.05 (0.05–0.05) | **behind** |',
    );
    expect(page).toContain('Where ours is behind: the peer is faster');
    expect(page).toContain('| ≥ 0.400 | 0.050 (0.050–0.050) | missed |');
    expect(page).toContain('- scan: no peer');
    expect(page).toContain('The machine was loaded by other work (load average up to 9.0)');
  });

  it('makes the published page of the published figures', () => {
    const read = (name: string) =>
      fs.readFileSync(path.join(import.meta.dirname, '../../docs', name), 'utf8');
    expect(renderPage(JSON.parse(read('benchmarks.json')))).toBe(read('benchmarks.md'));
  });
});

it('puts stages that were measured again in the place of what was there of them', () => {
  const before = {
    rows: [makeRow('scan', 2), makeRow('whole', 2)],
    failures: [{ key: 'inference', message: 'no' }],
  };
  const fresh = { rows: [makeRow('inference', 3)], failures: [{ key: 'whole', message: 'ended' }] };
  const merged = mergeReports(before, fresh, ['inference', 'whole'], ['scan', 'inference', 'whole']);
  expect(merged).toEqual({ rows: [before.rows[0], fresh.rows[0]], failures: fresh.failures });
});

it('measures a small row of real tools, checks what they did and puts it on a page', {
  timeout: 60_000,
}, async () => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-test-'));
  try {
    const shape = { series: 2, slices: 6, scale: 1 };
    const { source } = await makeSource(work, shape);
    const { source: least } = await makeSource(work, { ...shape, series: 1 });
    const args = { source };
    const copy = ({ source, target }: { source: string; target: string }) => [
      ...['cp', '-r', source, path.join(target, 'copied')],
    ];
    const countFiles = async (target: string) => ({
      files: fs.readdirSync(target, { recursive: true }).filter((name) => `${name}`.endsWith('.dcm')).length,
    });
    const row = await measureRow(
      {
        stage: 'de-identification',
        work: 'a few files',
        coldFolder: source,
        tools: [
          { name: 'serieswise', role: 'ours', start: node('deidentify.mjs', 'serieswise', args) },
          { name: 'read and write', role: 'peer', start: node('deidentify.mjs', 'readAndWrite', args) },
          {
            name: 'cp -r',
            role: 'limit',
            start: () => startCommand(copy, { source, least }, { readResult: countFiles }),
          },
        ],
        check: agreeOn('files'),
        aims: [{ aim: 'not to be slower than light', of: 'cp -r', key: 'cpu', atLeast: -Infinity }],
      },
      { rounds: 3, warmUp: 1, work },
    );
    expect(row).toMatchObject({
      cache: 'cold',
      base: 'serieswise',
      rounds: 3,
      load: [expect.any(Number), expect.any(Number)],
    });
    expect(row.agreement).toBe('serieswise, cp -r: equal files');
    for (const tool of row.tools) {
      expect(tool.samples).toHaveLength(3);
      for (const { wallSeconds } of tool.samples) expect(wallSeconds).toBeGreaterThan(0);
      expect(tool.startUp.wallSeconds).toBeGreaterThan(0);
      expect(tool.cpu.low).toBeLessThanOrEqual(tool.cpu.high);
    }
    expect(row.tools[0].cpuSeconds).toBeGreaterThan(0);
    expect(row.tools[0].peakBytes).toBeGreaterThan(2 ** 20);
    expect(row.tools[0].cpu).toEqual(ratio(1));
    expect(fs.existsSync(path.join(work, 'target'))).toBe(false);
    const circumstances = {
      key: 'deidentify',
      form: 'short',
      day: '2026-01-01',
      machine: { cpu: 'a CPU', cores: 2, node: 'v20' },
    };
    const page = renderPage({ rows: [{ ...circumstances, ...row }], failures: [] });
    for (const { name } of row.tools) expect(page).toContain(name);
    expect(page).toContain('a few files; cold cache; median of 3 rounds');
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
});

it('does not publish a row whose tools did not do the same', () => {
  const results = new Map([
    ['serieswise', { files: 6 }],
    ['peer', { files: 5 }],
  ]);
  expect(() => agreeOn('files')(results)).toThrow('peer and serieswise differ in files: 5, 6');
});
