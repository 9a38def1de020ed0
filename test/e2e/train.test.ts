import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Part, partOf } from '../../cli/training/job.ts';
import { findTrainingPython } from '../../cli/training/python.ts';
import { makeArchive } from '../../demo/archive.ts';
import { openManifest } from '../../manifest/query.ts';
import { type Bundle, loadBundle } from '../../models/bundle.ts';
import { createClassifier } from '../../models/classifier.ts';
import { decodeNpy } from '../../stages/preprocess/npy.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

interface Series {
  series_unit: string;
  patient_id: string;
  body_part: string;
  axis: string;
  contrast: string;
}

/** A seed that gives each part a patient, and training two labels of each task. */
function findSeed(series: readonly Series[]): number {
  for (let seed = 0; seed < 10_000; seed++) {
    const of = (part: Part) => series.filter(({ patient_id }) => partOf(patient_id, seed) === part);
    const isLearnable = (['body_part', 'axis', 'contrast'] as const).every(
      (task) => new Set(of('train').map((row) => row[task])).size > 1,
    );
    if (isLearnable && of('validation').length > 0 && of('test').length > 0) return seed;
  }
  throw new Error('no seed deals these patients into three parts');
}

/**
 * Of each part the fewest series that training takes, with a batch of four of the first part: a ResNet of any width costs
 * CPU seconds a volume.
 */
function chooseFew(series: readonly Series[], seed: number): Series[] {
  const of = (part: Part) => series.filter(({ patient_id }) => partOf(patient_id, seed) === part);
  const [first, ...others] = of('train');
  const trained = new Set([first!]);
  for (const task of ['body_part', 'axis', 'contrast'] as const)
    trained.add(others.find((row) => row[task] !== first![task])!);
  for (const row of others) if (trained.size < 4) trained.add(row);
  return [...trained, of('validation')[0]!, of('test')[0]!];
}

/** Training as a user does it, on what a run curated. Networks are narrow and know nothing: the way is what is shown. */
describe.skipIf(findTrainingPython() === null)('serieswise train (needs a Python with torch)', () => {
  const folder = makeFolder('train');
  const curated = path.join(folder, 'curated');
  const truth = path.join(folder, 'truth.csv');
  const fewTruth = path.join(folder, 'few-truth.csv');
  const env = { OMP_NUM_THREADS: '1' };
  let seed = 0;
  let series: Series[] = [];
  const arguments_ = (output: string, ...more: string[]) => {
    const small = ['--batch', '4', '--width', '4', '--threads', '1', '--seed', String(seed)];
    return [
      'train',
      '--manifest',
      curated,
      '--truth',
      truth,
      '--output',
      path.join(folder, output),
      ...small,
      ...more,
    ];
  };
  const train = (output: string, ...more: string[]) =>
    runProgram(arguments_(output, ...more), env, RUN_TIMEOUT_MS);

  /** Trains until the output says so, then presses Ctrl-C. */
  async function interruptAfter(words: string, output: string, ...more: string[]) {
    const child = spawn(path.join(repositoryRoot, 'bin/serieswise'), arguments_(output, ...more), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const before = said.includes(words);
      said += text;
      if (!before && said.includes(words)) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, said };
  }

  async function classifyOne(bundle: Bundle) {
    const file = path.join(curated, 'tensors', `${series[0]!.series_unit}.npy`);
    const classifier = await createClassifier(bundle, { provider: 'cpu', threads: 1 });
    try {
      return await classifier.classify(new Uint8Array(decodeNpy(fs.readFileSync(file)).data));
    } finally {
      await classifier.close();
    }
  }

  beforeAll(async () => {
    const input = path.join(folder, 'input');
    await makeArchive(input, { seed: 7, slices: 12 });
    const run = runProgram(
      [
        'run',
        SHIPPED_PIPELINE,
        '--input',
        input,
        '--output',
        curated,
        '--state',
        path.join(folder, 'state'),
      ].concat(['--set', 'publish.tensors=true', '--set', 'publish.dicom=false']),
      {},
      RUN_TIMEOUT_MS,
    );
    expect(run.exitCode, run.stderr).toBe(0);
    const manifest = await openManifest(curated);
    const { rows } = await manifest.query(
      `SELECT series_unit, patient_id, body_part, axis_geometry AS axis, contrast FROM series WHERE disposition = 'kept' ORDER BY ALL`,
    );
    await manifest.close();
    series = rows as unknown as Series[];
    seed = findSeed(series);
    // Spellings of the alias table, and a label that is missing: no loss, no count.
    const words: Record<string, string> = { axial: 'AX', 'abdomen-pelvis': 'Abdomen and pelvis' };
    const word = (label: string) => words[label] ?? label;
    const lineOf = (row: Series, contrast = row.contrast) =>
      [row.series_unit, word(row.body_part), word(row.axis), contrast].join(',');
    const head = 'series_unit,body_part,axis,contrast';
    const lines = series.map((row, index) => lineOf(row, index === 0 ? '' : row.contrast));
    fs.writeFileSync(truth, [head, ...lines].join('\n'));
    fs.writeFileSync(fewTruth, [head, ...chooseFew(series, seed).map((row) => lineOf(row))].join('\n'));
  }, RUN_TIMEOUT_MS);

  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it(
    'makes a starter that verifies and classifies; interrupted and resumed it becomes the same',
    async () => {
      const whole = train('whole', '--epochs', '3', '--json');
      expect(whole.exitCode, whole.stderr).toBe(0);
      expect(whole.stderr).toContain('trunk: epoch 3 of 3');
      expect(runProgram(['models', 'verify', path.join(folder, 'whole')]).exitCode).toBe(0);
      const bundle = await loadBundle(path.join(folder, 'whole'));
      const { extensions, limits, patients_per_label: patients, results } = bundle.card;
      expect(extensions).toMatchObject({
        training: { preset: 'starter', seed, epochs: { trunk: { length: 3 } } },
      });
      const parity = extensions?.parity as { largest_difference: number } | undefined;
      expect(parity?.largest_difference).toBeLessThanOrEqual(1e-4);
      expect(results.map(({ task }) => task)).toEqual(
        expect.arrayContaining(['body_part', 'axis', 'contrast']),
      );
      expect(limits.join(' ')).toContain('Too few patients for a gate');
      const trained = series.filter(({ patient_id }) => partOf(patient_id, seed) === 'train');
      const axial = new Set(
        trained.filter(({ axis }) => axis === 'axial').map(({ patient_id }) => patient_id),
      );
      expect(patients.axis).toMatchObject({ axial: axial.size });
      expect((await classifyOne(bundle)).map(({ task, scores }) => [task, scores.length])).toEqual([
        ['body_part', 16],
        ['axis', 3],
        ['contrast', 2],
      ]);

      const { code, said } = await interruptAfter('epoch 1 of 3', 'stopped', '--epochs', '3');
      expect(code, said).toBe(130);
      expect(said).toContain('--resume goes on from here');
      expect(fs.existsSync(path.join(folder, 'stopped/card.json'))).toBe(false);
      // Other settings are not what the checkpoint belongs to.
      const foreign = train('stopped', '--epochs', '3', '--resume', '--width', '8');
      expect(foreign.exitCode, foreign.stderr).toBe(2);
      const resumed = train('stopped', '--epochs', '3', '--resume');
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(resumed.stderr).not.toContain('epoch 1 of 3');
      const again = await loadBundle(path.join(folder, 'stopped'));
      expect(again.card.files).toEqual(bundle.card.files);
    },
    RUN_TIMEOUT_MS,
  );

  it(
    "makes the paper's three networks, stopped between them and resumed",
    async () => {
      const settings = [
        '--preset',
        'paper',
        '--task',
        'all',
        '--epochs',
        '1',
        '--width',
        '2',
        '--truth',
        fewTruth,
      ];
      const { code, said } = await interruptAfter('body_part: epoch 1 of 1', 'paper', ...settings);
      expect(code, said).toBe(130);
      const made = train('paper', ...settings, '--resume');
      expect(made.exitCode, made.stderr).toBe(0);
      expect(made.stderr).not.toContain('body_part: epoch');
      expect(made.stderr).toContain('contrast: epoch 1 of 1');
      const bundle = await loadBundle(path.join(folder, 'paper'));
      expect(bundle.tasks.map(({ task, file }) => [task, file])).toEqual([
        ['body_part', 'body_part.onnx'],
        ['axis', 'axis.onnx'],
        ['contrast', 'contrast.onnx'],
      ]);
      expect((await classifyOne(bundle)).map(({ task, scores }) => [task, scores.length])).toEqual([
        ['body_part', 16],
        ['axis', 3],
        ['contrast', 2],
      ]);
    },
    RUN_TIMEOUT_MS,
  );

  it('says what is wrong before it begins', () => {
    const refused = (message: RegExp, code: number, ...args: string[]) => {
      const { exitCode, stderr } = runProgram(args, env);
      expect(exitCode, stderr).toBe(code);
      expect(stderr).toMatch(message);
    };
    const base = ['train', '--truth', truth, '--output', path.join(folder, 'no')];
    refused(/not the output of a run/, 2, ...base, '--manifest', folder);
    const few = path.join(folder, 'few.csv');
    fs.writeFileSync(few, `series_unit,axis\n${series[0]!.series_unit},axial\nnobody,coronal\n`);
    refused(/Task body_part: 0 label/, 2, ...arguments_('no'), '--truth', few);
    fs.writeFileSync(few, `series_unit,axis\n${series[0]!.series_unit},slanted\n`);
    refused(/1 spelling\(s\) that task "axis" does not know/, 2, ...arguments_('no'), '--truth', few);
    const withoutTorch = runProgram(arguments_('no'), { ...env, SERIESWISE_PYTHON: process.execPath });
    expect(withoutTorch.exitCode).toBe(3);
    expect(withoutTorch.stderr).toContain('python3-torch');
    expect(fs.existsSync(path.join(folder, 'no'))).toBe(false);
  });
});
