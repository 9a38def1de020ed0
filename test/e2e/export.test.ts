import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findTrainingPython } from '../../cli/training/python.ts';
import { type CohortDocument, type ExportRequest, exportCohort } from '../../cohorts/export-cohort.ts';
import { makeArchive } from '../../demo/archive.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { AXES, LABELS } from '../../models/labels.ts';
import { createResampler, resamplerWasmUrl } from '../../stages/preprocess/preprocess-volume.ts';
import { productVersion } from '../../workers/package-root.ts';
import { runMain } from '../cli/main.ts';
import { runProgram } from '../cli/program.ts';
import { describeWithProgram } from '../fixtures/judges.ts';
import { compareNifti } from '../fixtures/nifti.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { describeWithOraclePackage, oraclePython, runOracle } from '../oracles/python.ts';
import { listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

const folder = makeFolder('export');
const output = path.join(folder, 'output');

/** Runs `export` into a folder of that name. */
async function exportInto(name: string, ...args: string[]) {
  const target = path.join(folder, name);
  const result = await runMain(['export', output, '--to', target, '--json', ...args]);
  const document = result.stdout === '' ? null : JSON.parse(result.stdout);
  return { target, result, document };
}

/** Exports all units as NIfTI from within this process, by the tables in a folder and the files of the run. */
async function exportHere(tables: string, target: string, more: Partial<ExportRequest> = {}) {
  const run = JSON.parse(fs.readFileSync(path.join(output, 'run.json'), 'utf8'));
  const manifest = await openManifest(tables);
  try {
    return await exportCohort({
      manifest,
      source: output,
      target,
      condition: 'true',
      format: 'nifti',
      link: 'copy',
      splits: null,
      seed: 0,
      unitsPerShard: 2,
      labels: LABELS,
      title: 'ZZTEST',
      license: null,
      citation: null,
      date: '2026-01-01',
      parameters: { windowHu: run.pipeline.preprocess.window_hu, shape: run.pipeline.preprocess.shape },
      resampler: () => fs.promises.readFile(resamplerWasmUrl()).then(createResampler),
      provenance: {
        serieswise_version: productVersion(),
        pipeline_digest: run.pipeline_digest,
        bundle: run.bundle,
        deidentify: { profile: 'ct-research', dates: 'remove', faces: 'keep', options: [] },
      },
      ...more,
    });
  } finally {
    await manifest.close();
  }
}

/** A unit as `read_cohort.py` tells it. */
interface ReadSample {
  tensor: string;
  row?: Record<string, unknown>;
  classes?: Record<string, number>;
}

function stop(): never {
  throw new Error('stopped');
}

beforeAll(async () => {
  const input = path.join(folder, 'input');
  await makeArchive(input, { seed: 7, series: 6, slices: 12 });
  const args = ['run', SHIPPED_PIPELINE, '--input', input, '--output', output];
  const result = runProgram([...args, '--state', path.join(folder, 'state')], {}, RUN_TIMEOUT_MS);
  expect(result.exitCode, result.stderr).toBe(0);
}, RUN_TIMEOUT_MS);

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

async function rowsOf(of: string, sql: string) {
  const manifest: Manifest = await openManifest(of);
  try {
    return (await manifest.query(sql)).rows;
  } finally {
    await manifest.close();
  }
}

describe('export', () => {
  it('copies the instances of the selected units, with a manifest of their own', async () => {
    const { target, result, document } = await exportInto('dicom', '--where', "axis_geometry = 'axial'");
    expect(result.exitCode, result.stderr).toBe(0);
    const wanted = await rowsOf(
      output,
      "SELECT output_path, output_sha256 FROM instances JOIN series USING (series_unit) WHERE axis_geometry = 'axial' ORDER BY 1",
    );
    // The join sees kept instances alone, since all series of this archive are kept.
    expect(wanted.length).toBeGreaterThan(0);
    expect(document.files).toBe(wanted.length);
    for (const row of wanted) {
      const bytes = fs.readFileSync(path.join(target, String(row.output_path)));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.output_sha256);
    }
    expect(await rowsOf(target, 'SELECT DISTINCT axis_geometry FROM series')).toEqual([
      { axis_geometry: 'axial' },
    ]);
    expect(listTree(target).filter((file) => path.basename(file).startsWith('.'))).toEqual([]);
  });

  it('makes model inputs again that are equal to the digest of the run, split by patient', async () => {
    const { target, document } = await exportInto(
      'npy',
      '--where',
      'true',
      '--format',
      'npy',
      '--split',
      'a=0.5,b=0.5',
    );
    expect(document.problems).toEqual({});
    const rows = await rowsOf(
      target,
      'SELECT path, sha256, tensor_sha256 FROM files JOIN series USING (series_unit)',
    );
    expect(rows).toHaveLength(6);
    for (const { path: file, sha256, tensor_sha256 } of rows) {
      expect(sha256).toBe(tensor_sha256);
      expect(fs.existsSync(path.join(target, String(file)))).toBe(true);
    }
    const parts = await rowsOf(
      target,
      'SELECT patient_id, count(DISTINCT split) AS parts FROM files GROUP BY ALL',
    );
    expect(new Set(parts.map(({ parts }) => Number(parts)))).toEqual(new Set([1]));
  });

  it('goes on after an interruption, and leaves a folder of somebody else alone', async () => {
    const target = path.join(folder, 'again');
    await expect(exportHere(output, target, { progress: stop })).rejects.toThrow('stopped');
    const [first] = fs.readdirSync(path.join(target, 'nifti'));
    fs.appendFileSync(path.join(target, '.serieswise-export.jsonl'), '{"unit":"cut o');
    const halfWritten = path.join(target, `nifti/.${first}.tmp-0123456789ab`);
    fs.writeFileSync(halfWritten, 'half');
    const written = path.join(target, 'nifti', first ?? '');
    const before = fs.statSync(written).mtimeMs;
    expect((await exportHere(output, target)).files).toBe(6);
    expect(fs.existsSync(halfWritten)).toBe(false);
    expect(fs.statSync(written).mtimeMs).toBe(before);
    expect((await exportInto('again', '--where', 'true')).result.exitCode).toBe(2);
  });

  it('does not go on where the run has changed in between', async () => {
    // Somebody took a unit's last slice out of the tables, as a run over a changed input does.
    const changed = path.join(folder, 'changed');
    fs.cpSync(path.join(output, 'manifest'), path.join(changed, 'manifest'), { recursive: true });
    const manifest = await openManifest(output);
    const [part] = fs.readdirSync(path.join(changed, 'manifest/instances'));
    await manifest.export(
      'SELECT * FROM instances ORDER BY source_key LIMIT (SELECT count(*) - 1 FROM instances)',
      path.join(changed, 'manifest/instances', part ?? ''),
      'parquet',
    );
    await manifest.close();
    const target = path.join(folder, 'two-states');
    await expect(exportHere(output, target, { progress: stop })).rejects.toThrow('stopped');
    await expect(exportHere(changed, target)).rejects.toMatchObject({ code: 'target-differs' });
    expect((await exportHere(output, target)).files).toBe(6);
  });

  it('says what is wrong with a condition or a split, and writes nothing', async () => {
    const wrong = await exportInto('wrong', '--where', 'body_prat = 1');
    expect(wrong.result.exitCode).toBe(2);
    expect(wrong.result.stderr).toContain('body_part');
    expect((await exportInto('wrong', '--where', 'true', '--split', 'a=2')).result.exitCode).toBe(2);
    expect(fs.existsSync(path.join(folder, 'wrong'))).toBe(false);
  });

  it.each([
    [
      'a link into a bucket',
      ['s3://zztest/output', '--to', path.join(folder, 'links'), '--link', 'hard'],
      'bucket',
    ],
    ['a bucket as target', [output, '--to', 's3://zztest/cohort'], 'bucket'],
    [
      'a link to what is made anew',
      [output, '--to', path.join(folder, 'links'), '--link', 'hard', '--format', 'nifti'],
      '--format dicom alone',
    ],
  ])('refuses %s before anything is read', async (_case, args, words) => {
    const result = await runMain(['export', ...args, '--where', 'true']);
    expect(result.exitCode, result.stderr).toBe(2);
    expect(result.stderr).toContain(words);
    expect(fs.existsSync(path.join(folder, 'links'))).toBe(false);
  });

  it('tells which units could not be written, and writes the others', async () => {
    const [row] = await rowsOf(
      output,
      `SELECT series_unit, output_path FROM instances WHERE disposition = 'kept'
       QUALIFY row_number() OVER (PARTITION BY series_unit ORDER BY sop_instance_uid DESC) = 1 LIMIT 1`,
    );
    const file = path.join(output, String(row?.output_path));
    fs.renameSync(file, `${file}.away`);
    try {
      const { target, result, document } = await exportInto(
        'missing',
        '--where',
        'true',
        '--format',
        'nifti',
      );
      expect(result.exitCode).toBe(1);
      expect(document).toMatchObject({ files: 5, problems: { 'file-missing': 1 } });
      const problems = await rowsOf(target, 'SELECT problem FROM files WHERE problem IS NOT NULL');
      expect(problems).toEqual([{ problem: 'file-missing' }]);
      // Not one of its other files either.
      const dicom = await exportInto('missing-dicom', '--where', `series_unit = '${row?.series_unit}'`);
      expect(dicom.document).toMatchObject({ files: 0, problems: { 'file-missing': 1 } });
      expect(listTree(dicom.target).filter((name) => name.endsWith('.dcm'))).toEqual([]);
    } finally {
      fs.renameSync(`${file}.away`, file);
    }
  });
});

/** Formats for training, each read by the library that is made for it. */
describe.each([
  ['zarr', 'zarr'],
  ['webdataset', 'webdataset'],
  ['parquet', 'pyarrow'],
] as const)('export to %s', (format, reader) => {
  const target = path.join(folder, format);
  let document: CohortDocument;

  beforeAll(async () => {
    const splits = [{ name: 'train', share: 1 }];
    document = await exportHere(output, target, { format, splits, license: 'CC-BY-4.0' });
  });

  describeWithOraclePackage(reader)(`as ${reader} reads it`, () => {
    it('holds the model inputs and the labels of the run', async () => {
      const series = await rowsOf(target, 'SELECT * FROM series');
      const read = runOracle('read_cohort.py', [format, target]) as Record<string, ReadSample>;
      expect(Object.keys(read).sort()).toEqual(series.map(({ series_unit }) => series_unit).sort());
      for (const row of series) {
        const sample = read[String(row.series_unit)]!;
        expect(sample.tensor).toBe(row.tensor_sha256);
        if (format === 'zarr') continue;
        const { body_part_resolved, contrast_resolved, patient_id } = row;
        expect(sample.row).toMatchObject({
          body_part_resolved,
          contrast_resolved,
          patient_id,
          split: 'train',
        });
        if (format === 'webdataset') expect(AXES[sample.classes!.axis!]).toBe(row.axis_resolved);
      }
    });
  });

  it('tells the digest of each file, and what the set is in a card', async () => {
    const rows = await rowsOf(target, 'SELECT DISTINCT path, bytes, sha256 FROM files');
    expect(rows).toHaveLength(format === 'zarr' ? 6 * 5 : 3);
    expect(document).toMatchObject({ files: rows.length, series_units: 6, problems: {} });
    for (const { path: file, bytes, sha256 } of rows) {
      const content = fs.readFileSync(path.join(target, String(file)));
      expect(content.length).toBe(bytes);
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    }
    const [, head = '', body = ''] = fs.readFileSync(path.join(target, 'README.md'), 'utf8').split(/^---$/m);
    expect(parse(head)).toMatchObject({ license: 'cc-by-4.0', pretty_name: 'ZZTEST' });
    expect(body).toContain('6 CT series units of 2 studies and 1 patients');
  });

  describeWithOraclePackage(reader)('in Python', () => {
    it('is read by what its card says', () => {
      const card = fs.readFileSync(path.join(target, 'README.md'), 'utf8');
      const [, snippet] = /```python\n([\s\S]*?)```/.exec(card)!;
      const show = format === 'webdataset' ? 'sample["npy"].shape' : 'tensor.shape';
      const said = execFileSync(oraclePython()!, ['-c', `${snippet}\nprint(*${show})`], {
        cwd: target,
        encoding: 'utf8',
      });
      expect(said.trim()).toBe('128 224 224');
    });
  });
});

describeWithOraclePackage('mlcroissant')('croissant.json', () => {
  it('is valid without a warning, and leads to all records', async () => {
    const whole = path.join(folder, 'not-split');
    await exportHere(output, whole, { format: 'dicom', link: 'symbolic' });
    const [{ n }] = (await rowsOf(whole, 'SELECT count(*) AS n FROM files')) as [{ n: number }];
    const folders = [whole, ...['zarr', 'webdataset', 'parquet'].map((name) => path.join(folder, name))];
    const clean = { errors: [], warnings: [] };
    expect(runOracle('read_cohort.py', ['croissant', ...folders])).toEqual([
      { ...clean, records: { series: 6, files: n } },
      { ...clean, records: { splits: 1, series: 6, files: 30 } },
      { ...clean, records: { splits: 1, series: 6, files: 6 } },
      { ...clean, records: { splits: 1, series: 6, files: 6, samples: 6 } },
    ]);
  });
});

describe('examples/python', () => {
  const runExample = (python: string, script: string, ...args: string[]) =>
    spawnSync(python, [path.join(repositoryRoot, 'examples/python', script), ...args], { encoding: 'utf8' });

  it.skipIf(findTrainingPython() === null)('trains from an export (needs a Python with torch)', () => {
    const cohort = path.join(folder, 'webdataset');
    const args = ['--part', 'train', '--epochs', '2', '--test', 'train'];
    const { stdout, stderr } = runExample(findTrainingPython()!, 'train.py', cohort, ...args);
    const said = /^epoch 1: 6 units, loss (.+)\nepoch 2: 6 units, loss (.+)\ntrain: 6 units, accuracy/.exec(
      stdout,
    );
    expect(said, stderr).not.toBeNull();
    expect(Number(said![2])).toBeLessThan(Number(said![1]));
  });

  describeWithOraclePackage('pyarrow')('with pyarrow', () => {
    it('reads a run', async () => {
      const rows = await rowsOf(
        output,
        'SELECT body_part, count(DISTINCT series_unit) AS units, count(output_path) AS files ' +
          'FROM series JOIN instances USING (series_unit) GROUP BY 1 ORDER BY 1',
      );
      const expected = rows.map((row) => `${row.body_part}: ${row.units} series units, ${row.files} files`);
      const said = runExample(oraclePython()!, 'read_run.py', output);
      expect(said.stdout.trim().split('\n'), said.stderr).toEqual(expected);
    });
  });
});

it('keeps what it can of a shard, and goes on after the last whole one', async () => {
  const [row] = await rowsOf(
    output,
    "SELECT series_unit, output_path FROM instances WHERE disposition = 'kept' ORDER BY series_unit DESC LIMIT 1",
  );
  const target = path.join(folder, 'shards');
  const file = path.join(output, String(row?.output_path));
  await expect(exportHere(output, target, { format: 'parquet', progress: stop })).rejects.toThrow('stopped');
  const first = path.join(target, 'parquet/all-000000.parquet');
  const before = fs.statSync(first).mtimeMs;
  fs.renameSync(file, `${file}.away`);
  try {
    const document = await exportHere(output, target, { format: 'parquet' });
    expect(document).toMatchObject({ files: 3, series_units: 5, problems: { 'file-missing': 1 } });
  } finally {
    fs.renameSync(`${file}.away`, file);
  }
  expect(fs.statSync(first).mtimeMs).toBe(before);
  expect(await rowsOf(target, 'SELECT series_unit, path FROM files WHERE problem IS NOT NULL')).toEqual([
    { series_unit: row?.series_unit, path: null },
  ]);
});

describeWithProgram('dcm2niix')('export to NIfTI beside dcm2niix', () => {
  it(
    'has the same voxels in the same places',
    async () => {
      const { target } = await exportInto('nifti', '--where', 'true', '--format', 'nifti');
      const compared = await compareNifti(output, target, path.join(folder, 'dcm2niix'));
      expect(compared).toHaveLength(6);
      for (const { sameVoxels, affineDifferenceMm, seriesUnit } of compared) {
        expect(sameVoxels, seriesUnit).toBe(true);
        expect(affineDifferenceMm, seriesUnit).toBeLessThan(1e-4);
      }
    },
    RUN_TIMEOUT_MS,
  );
});
