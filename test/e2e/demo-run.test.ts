import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileStore } from '../../activities/store/file-store.ts';
import { type ArchiveTruth, makeArchive } from '../../demo/archive.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { isReportCurrent, REPORT_PATH } from '../../web/report/report-file.ts';
import { runMain } from '../cli/main.ts';
import { runProgram } from '../cli/program.ts';
import {
  digestOutput,
  findStrings,
  listTree,
  makeFolder,
  RUN_TIMEOUT_MS,
  SHIPPED_PIPELINE,
} from './run-folders.ts';

/** The whole program over the demo's archive, through the real Temporal server. */
describe('a run over the demo archive', () => {
  const folder = makeFolder('demo');
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const state = path.join(folder, 'state');
  const run = (...extra: string[]) =>
    runProgram(
      ['run', SHIPPED_PIPELINE, '--input', input, '--output', output, '--state', state, ...extra],
      {},
      RUN_TIMEOUT_MS,
    );
  let truth: ArchiveTruth;
  let first: ReturnType<typeof run>;
  let manifest: Manifest;

  beforeAll(async () => {
    truth = await makeArchive(input, { seed: 7, slices: 24 });
    first = run('--json');
    manifest = await openManifest(output);
  }, RUN_TIMEOUT_MS);

  afterAll(async () => {
    await manifest?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('ends with exit code 0 and a ledger that adds up to the truth', async () => {
    expect(first.exitCode, first.stderr).toBe(0);
    const summary = JSON.parse(first.stdout);
    expect(summary).toMatchObject({ status: 'done', unchanged: false, filesSeen: truth.files.length });
    const expected: Record<string, number> = {};
    for (const { disposition } of truth.files) expected[disposition] = (expected[disposition] ?? 0) + 1;
    expect(summary.instances).toEqual(expected);
    const reasons: Record<string, number> = {};
    for (const { reason } of truth.files) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
    expect(summary.instanceReasons).toEqual(reasons);
  });

  it('finds every series with its plane, slices, spacing, gaps and tilt', async () => {
    const { rows } = await manifest.query(
      `SELECT axis_geometry, instance_count, slice_gap_count, round(abs(gantry_tilt_deg)) AS tilt FROM series WHERE disposition = 'kept'`,
    );
    const shape = (axis: unknown, slices: unknown, gaps: unknown, tilt: unknown) =>
      `${axis} ${slices} ${gaps} ${tilt}`;
    expect(
      rows.map((row) => shape(row.axis_geometry, row.instance_count, row.slice_gap_count, row.tilt)).sort(),
    ).toEqual(
      truth.series
        .map((series) =>
          shape(
            series.labels.axis,
            series.sliceCount,
            series.sliceGapCount,
            Math.abs(Math.round(series.gantryTiltDeg)),
          ),
        )
        .sort(),
    );
  });

  it('labels each kept unit for three tasks with scores that sum to 1', async () => {
    const { rows } = await manifest.query(
      `SELECT count(*) AS n, min(list_sum(scores)) AS low, max(list_sum(scores)) AS high, count(DISTINCT task) AS tasks FROM labels`,
    );
    expect(Number(rows[0]?.n)).toBe(truth.series.length * 3);
    expect(Number(rows[0]?.tasks)).toBe(3);
    expect(Number(rows[0]?.low)).toBeGreaterThan(0.99999);
    expect(Number(rows[0]?.high)).toBeLessThan(1.00001);
    const pictures = listTree(output).filter((file) => file.startsWith('thumbnails/'));
    expect(pictures).toHaveLength(truth.series.length);
  });

  it('leaves a report of itself, which names every source file once', async () => {
    expect(await isReportCurrent(new FileStore(output))).toBe(true);
    const page = fs.readFileSync(path.join(output, REPORT_PATH), 'utf8');
    expect(page).toContain(`<b data-cell="0 files_seen">${truth.files.length}</b>`);
    expect(page).not.toContain('class="alarm"');
  });

  it('lets no planted string, path or file name out: not in outputs, state, database, logs or messages', () => {
    const names = truth.files.flatMap(({ path: file, member }) => [
      file,
      ...file.split('/'),
      ...(member ?? '').split('/'),
    ]);
    const strings = [...new Set([...truth.plantedStrings, ...names, input])].filter(
      (text) => text.length >= 6,
    );
    expect(strings.length).toBeGreaterThan(100);
    expect(findStrings([output, state], strings)).toEqual([]);
    const messages = first.stdout + first.stderr;
    expect(strings.filter((text) => text !== input && messages.includes(text))).toEqual([]);
  });

  it('passes verify, and fails it once a published file is changed', async () => {
    expect(runProgram(['verify', output]).exitCode).toBe(0);
    const victim = path.join(output, listTree(output).find((file) => file.startsWith('dicom/'))!);
    const bytes = fs.readFileSync(victim);
    const changed = Buffer.from(bytes);
    changed[200] = (changed[200] ?? 0) ^ 1;
    fs.writeFileSync(victim, changed);
    const failed = await runMain(['verify', output, '--json']);
    expect(failed.exitCode).toBe(1);
    expect(JSON.parse(failed.stdout).passed).toBe(false);
    fs.writeFileSync(victim, bytes);
  });

  it('does nothing the second time, and makes again what is gone', () => {
    const before = digestOutput(output);
    expect(JSON.parse(run('--json').stdout)).toMatchObject({ status: 'done', unchanged: true });
    const victim = Object.keys(before).find((file) => file.startsWith('dicom/'))!;
    fs.rmSync(path.join(output, victim));
    expect(JSON.parse(run('--json').stdout)).toMatchObject({ status: 'done', unchanged: false });
    expect(digestOutput(output)).toEqual(before);
  });

  it('takes in late arrivals and drops what has gone', () => {
    const before = digestOutput(output);
    const late = path.join(input, 'LATE');
    fs.mkdirSync(late);
    fs.writeFileSync(
      path.join(late, 'note.txt'),
      'not DICOM at all, and longer than a header would need to be',
    );
    expect(JSON.parse(run('--json').stdout)).toMatchObject({ filesSeen: truth.files.length + 1 });
    fs.rmSync(late, { recursive: true });
    expect(JSON.parse(run('--json').stdout)).toMatchObject({ filesSeen: truth.files.length });
    expect(digestOutput(output)).toEqual(before);
  });

  it('explains a source file and a series unit', async () => {
    const localizer = truth.files.find(({ reason, member }) => reason === 'localizer' && member === null)!;
    const why = runProgram(['why', output, path.join(input, localizer.path), '--state', state, '--json']);
    expect(JSON.parse(why.stdout).instances[0]).toMatchObject({
      disposition: 'excluded',
      reason: 'localizer',
      rule: 'localizer-image-type',
      rule_source: expect.stringContaining('PS3.3'),
      rule_evidence: expect.arrayContaining(['image-type=LOCALIZER']),
    });
    const inside = await manifest.query(
      "SELECT source_key, slice_position_mm FROM instances WHERE slice_index = 3 AND disposition = 'kept' ORDER BY source_key LIMIT 1",
    );
    const neighbours = await runMain(['why', output, String(inside.rows[0]?.source_key), '--state', state]);
    expect(neighbours.stdout).toMatch(/slice 4, .* mm from the first/);
    expect(neighbours.stdout).toMatch(/before it: source file [0-9a-f]{32} at/);
    expect(neighbours.stdout).toMatch(/after it: source file [0-9a-f]{32} at/);
    expect(neighbours.stdout).toContain('median step along the normal');
    const { rows } = await manifest.query(
      "SELECT series_unit FROM series WHERE disposition = 'kept' LIMIT 1",
    );
    const unit = JSON.parse(
      (await runMain(['why', output, String(rows[0]?.series_unit), '--state', state, '--json'])).stdout,
    );
    expect(unit.series[0].disposition).toBe('kept');
    expect(unit.labels).toHaveLength(3);
    expect((await runMain(['why', output, 'no-such-key', '--state', state])).exitCode).toBe(2);
  });

  it('says its state, and refuses a folder that is not of a run', () => {
    expect(JSON.parse(runProgram(['status', output, '--state', state, '--json']).stdout).status).toBe('done');
    expect(runProgram(['status', input, '--state', state]).exitCode).toBe(2);
    const cancel = runProgram(['cancel', output, '--state', state, '--json']);
    expect(JSON.parse(cancel.stdout)).toEqual({ status: 'idle' });
  });

  it('forecasts from headers alone what the run then kept', () => {
    const plan = JSON.parse(
      runProgram(['plan', SHIPPED_PIPELINE, '--input', input, '--state', state, '--json']).stdout,
    );
    expect(plan.files).toBe(truth.files.length);
    expect(plan.series.kept).toBe(truth.series.length);
  });
});

describe('wrong usage', () => {
  it('names every mistake of a spec at its place, and starts nothing', () => {
    const folder = makeFolder('usage');
    const spec = path.join(folder, 'bad.yaml');
    fs.writeFileSync(
      spec,
      'name: bad\nprepocess: {}\ngroup: { min_slices: few }\npublish: { dicom: maybe }\nsource: { type: folder }\nclassify: { bundle: no-such-bundle }\n',
    );
    const args = [
      'run',
      spec,
      '--input',
      folder,
      '--output',
      path.join(folder, 'out'),
      '--state',
      path.join(folder, 'state'),
    ];
    const { exitCode, stderr } = runProgram(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${spec}:2:1: prepocess: unknown key (did you mean preprocess?)`);
    expect(stderr).toContain(`${spec}:3:22: group.min_slices: expected a number`);
    expect(stderr).toContain(`${spec}:4:19: publish.dicom: expected a boolean`);
    expect(stderr).toContain(`${spec}:5:17: source.type: "folder" is not one of directory`);
    expect(stderr).toContain(`${spec}:6:21: classify.bundle:`);
    expect(fs.readdirSync(folder)).toEqual(['bad.yaml']);
    fs.rmSync(folder, { recursive: true });
  });

  it('refuses unknown options, a missing input, and outputs within inputs', () => {
    const folder = makeFolder('usage');
    const run = (...args: string[]) =>
      runProgram(['run', SHIPPED_PIPELINE, ...args, '--state', path.join(folder, 's')]).exitCode;
    expect(run('--input', folder, '--output', path.join(folder, 'o'), '--nonsense')).toBe(2);
    expect(run('--input', path.join(folder, 'none'), '--output', '/nowhere')).toBe(2);
    expect(run('--input', folder, '--output', path.join(folder, 'o'))).toBe(2);
    fs.rmSync(folder, { recursive: true });
  });

  it('ends with 3 when the key is not usable', () => {
    const folder = makeFolder('usage');
    fs.mkdirSync(path.join(folder, 'in'));
    const key = path.join(folder, 'key');
    fs.writeFileSync(key, 'too short');
    const args = [
      'run',
      SHIPPED_PIPELINE,
      '--input',
      path.join(folder, 'in'),
      '--output',
      path.join(folder, 'out'),
    ];
    const { exitCode, stderr } = runProgram([...args, '--state', path.join(folder, 's')], {
      SERIESWISE_KEY_FILE: key,
    });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('64 hexadecimal digits');
    fs.rmSync(folder, { recursive: true });
  });
});
