import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openManifest } from '../../manifest/query.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { sharedDicomDir } from '../fixtures/shared-dicom.ts';
import { digestOutput, listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

const shared = sharedDicomDir();
/** A chest with missing slices, and an abdomen. */
const SERIES = ['chest_lidc0001_missing_slices', 'abdomen_kits72_arterial'];
/** What of a series unit follows from the bundle. */
const LABEL_COLUMNS = [
  ...['body_part', 'axis', 'contrast', 'body_part_score', 'axis_score', 'contrast_score', 'needs_review'],
  ...['review_reasons', 'body_part_agreement', 'axis_agreement', 'contrast_agreement', 'bundle'],
  ...['recognizable_visual_features', 'body_part_resolved', 'axis_resolved', 'contrast_resolved'],
];

/** The starter with colder scores, as a new version of a bundle might have them. */
function makeBundle(folder: string): string {
  const bundle = path.join(folder, 'colder');
  fs.cpSync(path.join(repositoryRoot, 'models/bundles/starter'), bundle, { recursive: true });
  const file = path.join(bundle, 'card.json');
  const card = JSON.parse(fs.readFileSync(file, 'utf8'));
  card.name = 'colder';
  card.tasks.body_part.temperature = 3;
  card.review.accept_from.contrast = 0.999;
  fs.writeFileSync(file, JSON.stringify(card));
  return bundle;
}

describe.skipIf(shared === null)('labels by another bundle, over real CT', () => {
  const folder = makeFolder('relabel');
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const bundle = makeBundle(folder);
  const withState = ['--state', path.join(folder, 'state'), '--no-report', '--json'];
  const run = (target: string, ...extra: string[]) => {
    const args = ['run', SHIPPED_PIPELINE, '--input', input, '--output', target, ...withState, ...extra];
    const { exitCode, stdout, stderr } = runProgram(args, {}, RUN_TIMEOUT_MS);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const relabel = () => runProgram(['relabel', output, '--bundle', bundle, ...withState], {}, RUN_TIMEOUT_MS);
  const readTables = async () => {
    const manifest = await openManifest(output);
    const ask = async (sql: string) => (await manifest.query(sql)).rows;
    const tables = {
      instances: await ask('SELECT * FROM instances ORDER BY source_key'),
      series: await ask(`SELECT * EXCLUDE (${LABEL_COLUMNS.join(', ')}) FROM series ORDER BY series_unit`),
      labels: await ask('SELECT * FROM labels ORDER BY series_unit, task'),
      review: await ask('SELECT series_unit, needs_review, review_reasons FROM series ORDER BY series_unit'),
      foretold: await ask('SELECT * FROM review_below(0.995, 1, 0.99) ORDER BY series_unit'),
    };
    await manifest.close();
    return tables;
  };
  const readFiles = () =>
    Object.fromEntries(
      listTree(output)
        .filter((name) => /^(dicom|thumbnails)\//.test(name))
        .map((name) => {
          const file = path.join(output, name);
          return [
            name,
            name.startsWith('dicom') ? fs.statSync(file).mtimeMs : fs.readFileSync(file, 'base64'),
          ];
        }),
    );

  beforeAll(() => {
    for (const name of SERIES)
      fs.cpSync(path.join(shared ?? '', name), path.join(input, name), { recursive: true });
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it(
    'are those of a run with it, made without the source; the run of before is not taken for finished',
    async () => {
      expect(run(output)).toMatchObject({ status: 'done', unchanged: false, series: { kept: 2 } });
      const before = await readTables();
      const files = readFiles();

      fs.renameSync(input, `${input}-away`);
      const relabelled = relabel();
      fs.renameSync(`${input}-away`, input);
      expect(relabelled.exitCode, relabelled.stderr).toBe(0);
      const after = await readTables();
      expect(after.instances).toEqual(before.instances);
      expect(after.series).toEqual(before.series);
      expect(after.labels).not.toEqual(before.labels);
      expect(readFiles()).toEqual(files);

      const fresh = path.join(folder, 'fresh');
      run(fresh, '--set', `classify.bundle=${bundle}`);
      expect(digestOutput(output)).toEqual(digestOutput(fresh));

      const thresholds = { body_part: 0.995, axis: 1, contrast: 0.99 };
      const overrides = Object.entries(thresholds).map(
        ([task, score]) => `classify.review_below.${task}=${score}`,
      );
      const again = run(output, ...overrides.flatMap((override) => ['--set', override]));
      expect(again).toMatchObject({ status: 'done', unchanged: false });
      const { labels, review } = await readTables();
      expect(labels).toEqual(before.labels);
      expect(review).toEqual(before.foretold);
      expect(review).not.toEqual(before.review);
    },
    RUN_TIMEOUT_MS,
  );

  it('are refused where nothing is published to make them from, and the output stays as it is', () => {
    const file = path.join(output, 'run.json');
    const document = JSON.parse(fs.readFileSync(file, 'utf8'));
    fs.writeFileSync(
      file,
      JSON.stringify({
        ...document,
        pipeline: { ...document.pipeline, publish: { dicom: false, tensors: false } },
      }),
    );
    const before = digestOutput(output);
    expect(relabel()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('neither DICOM nor tensors'),
    });
    expect(digestOutput(output)).toEqual(before);
  });
});
