import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_CODES } from '../../cohorts/label-codes.ts';
import { folderTarget, writeBack as writeReports } from '../../cohorts/write-back.ts';
import { makeArchive } from '../../demo/archive.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { getString } from '../../dicom/values.ts';
import { openManifest } from '../../manifest/query.ts';
import { ReviewStore } from '../../web/review/review-store.ts';
import { productVersion } from '../../workers/package-root.ts';
import { runProgram } from '../cli/program.ts';
import { describeWithProgram, listIodErrors } from '../fixtures/judges.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { describeWithOracle, oraclePython, runOracle } from '../oracles/python.ts';
import { digestOutput, listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

const folder = makeFolder('write-back');
const output = path.join(folder, 'output');
const reports = path.join(folder, 'reports');
let before: Record<string, string> = {};

beforeAll(async () => {
  const input = path.join(folder, 'input');
  await makeArchive(input, { seed: 7, series: 2, slices: 12 });
  const args = ['run', SHIPPED_PIPELINE, '--input', input, '--output', output, '--no-report'];
  const run = runProgram([...args, '--state', path.join(folder, 'state')], {}, RUN_TIMEOUT_MS);
  expect(run.exitCode, run.stderr).toBe(0);
  before = digestOutput(output);
  const result = writeBack('--where', 'true', '--to', reports);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.document).toMatchObject({ written: 2, problems: {} });
}, RUN_TIMEOUT_MS);

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The program, as a user runs it. */
function writeBack(...args: string[]) {
  const result = runProgram(['write-back', output, '--json', ...args]);
  return { ...result, document: result.stdout === '' ? null : JSON.parse(result.stdout) };
}

/** The same without a process of its own. */
async function writeInto(target: string, condition: string) {
  const manifest = await openManifest(output);
  try {
    return await writeReports({
      manifest,
      source: output,
      condition,
      target: folderTarget(target),
      labelledBy: JSON.parse(fs.readFileSync(path.join(output, 'run.json'), 'utf8')).serieswise_version,
      writtenBy: productVersion(),
    });
  } finally {
    await manifest.close();
  }
}

async function rowsOf(sql: string) {
  const manifest = await openManifest(output);
  try {
    return (await manifest.query(sql)).rows;
  } finally {
    await manifest.close();
  }
}

const digestOf = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');
const filesOf = (of: string) => listTree(of).map((file) => path.join(of, file));

interface ReadReport {
  class: string;
  groups: {
    tracking: string;
    algorithm: Record<string, string[]>;
    measurements: [string, number, string][];
    evaluations: [name: string[], value: string[]][];
  }[];
  outline: [depth: number, relationship: string, valueType: string, name: string][];
  naturalized: Record<string, unknown>;
}

describe('write-back', () => {
  it('makes the same objects again, in their study, and touches nothing in the output', async () => {
    const again = path.join(folder, 'again');
    expect(await writeInto(again, 'true')).toHaveLength(2);
    expect(listTree(again)).toEqual(listTree(reports));
    expect(filesOf(again).map(digestOf)).toEqual(filesOf(reports).map(digestOf));
    expect(digestOutput(output)).toEqual(before);
    const series = await rowsOf('SELECT patient_id, study_instance_uid FROM series ORDER BY ALL');
    const told = filesOf(reports).map((file) => {
      const dicom = readDicom(fs.readFileSync(file));
      const value = (tag: number) => getString(dicom, dicom.dataset, tag);
      expect(path.basename(file)).toBe(`${value(TAGS.SOPInstanceUID)}.dcm`);
      return { patient_id: value(TAGS.PatientID), study_instance_uid: value(TAGS.StudyInstanceUID) };
    });
    expect(told).toEqual(expect.arrayContaining(series));
  });

  it('says what is wrong with a condition, and writes nothing', () => {
    const wrong = path.join(folder, 'wrong');
    const { exitCode, stderr } = writeBack('--where', 'body_prat = 1', '--to', wrong);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('body_part')]);
    expect(fs.existsSync(wrong)).toBe(false);
  });

  it('tells which units have no report, and writes the others', async () => {
    const [first] = await rowsOf(
      "SELECT output_path FROM instances WHERE disposition = 'kept' ORDER BY series_unit, sop_instance_uid LIMIT 1",
    );
    const file = path.join(output, String(first?.output_path));
    fs.renameSync(file, `${file}.away`);
    try {
      const { exitCode, document } = writeBack('--where', 'true', '--to', path.join(folder, 'missing'));
      expect(exitCode).toBe(1);
      expect(document).toMatchObject({ written: 1, problems: { 'file-missing': 1 } });
    } finally {
      fs.renameSync(`${file}.away`, file);
    }
  });
});

describeWithProgram('dciodvfy')('write-back and dciodvfy', () => {
  it('has no error', () => {
    for (const file of filesOf(reports)) expect(listIodErrors(file)).toEqual([]);
  });
});

const read = (files: string[]) => runOracle('label_reports.py', files) as ReadReport[];

describeWithOracle('write-back and highdicom', () => {
  let reference: ReadReport['outline'] = [];
  let ours: ReadReport[] = [];

  beforeAll(() => {
    const image = filesOf(path.join(output, 'dicom'))[0]!;
    const args = ['--reference', image, ...filesOf(reports)];
    [reference, ...ours] = runOracle('label_reports.py', args) as [ReadReport['outline'], ...ReadReport[]];
  });

  it('has the tree of a report that highdicom makes, and groups with what the manifest says', async () => {
    const labels = await rowsOf('SELECT * FROM labels ORDER BY series_unit, task');
    expect(labels).toHaveLength(6);
    const key = (line: unknown) => JSON.stringify(line);
    for (const report of ours) {
      expect(report.class).toBe('ComprehensiveSR');
      const [theirs, mine] = [new Set(reference.map(key)), new Set(report.outline.map(key))];
      // highdicom tells geometry beside each image; the modality is told once here.
      const missing = reference.filter((line) => !mine.has(key(line)));
      expect(
        missing.filter(([depth, relationship]) => depth !== 3 || relationship !== 'HAS ACQ CONTEXT'),
      ).toEqual([]);
      const added = report.outline.filter((line) => !theirs.has(key(line))).map(([, , , name]) => name);
      expect(new Set(added)).toEqual(
        new Set(['121139 DCM', 'label-source 99SERIESWISE', '130546 DCM', 'iv-contrast 99SERIESWISE']),
      );
    }
    const groups = ours.flatMap((report) => report.groups);
    for (const { series_unit, task, label, score, bundle, bundle_sha256 } of labels) {
      const group = groups.find(({ tracking }) => tracking === `${series_unit} ${task}`)!;
      const [name, version] = String(bundle).split('@');
      expect(group.algorithm).toMatchObject({ 'Algorithm Name': [name], 'Algorithm Version': [version] });
      expect(group.algorithm['Algorithm Parameters']).toContain(`bundle-sha256=${bundle_sha256}`);
      expect(group.measurements).toEqual([['111012', expect.closeTo(Number(score), 6), '{0:1}']]);
      const { name: concept, labels: codes } = TASK_CODES[task as keyof typeof TASK_CODES];
      const told = group.evaluations.filter(([[value]]) => value === concept.value);
      expect(told.map(([, [value]]) => value)).toEqual(codes[String(label)]!.map(({ value }) => value));
      expect(group.evaluations.at(-1)?.[1]?.[0]).toBe('predicted');
    }
  });

  it('can be hung by the example for OHIF', async () => {
    const file = path.join(repositoryRoot, 'examples/ohif/serieswise-extension.js');
    const { labelOf, readReport } = await import(pathToFileURL(file).href);
    const displaySets = ours.map(({ naturalized }) => ({ instances: [naturalized] }));
    const rows = await rowsOf(
      "SELECT body_part, axis, contrast, sop_instance_uid FROM series JOIN instances USING (series_unit) WHERE instances.disposition = 'kept'",
    );
    expect(rows).toHaveLength(24);
    for (const row of rows) {
      const displaySet = { images: [{ SOPInstanceUID: row.sop_instance_uid }] };
      const attributes = {
        body_part: 'SerieswiseBodyPart',
        axis: 'SerieswiseAxis',
        contrast: 'SerieswiseContrast',
      };
      for (const [task, attribute] of Object.entries(attributes)) {
        const codes = TASK_CODES[task as keyof typeof TASK_CODES].labels[String(row[task])]!;
        const expected = codes.map(({ scheme, value }) => `${scheme}:${value}`).join('+');
        expect(labelOf(attribute, displaySet, displaySets)).toBe(expected);
      }
    }
    expect(readReport({ SeriesDescription: 'Something else' })).toBeNull();
    expect(
      labelOf('SerieswiseAxis', { images: [{ SOPInstanceUID: '2.25.1' }] }, displaySets),
    ).toBeUndefined();
  });
});

// Debian's Orthanc listens on every interface: it gets a network namespace of its own, as in test/conformance.
const hasOrthanc =
  oraclePython() !== null &&
  fs.existsSync('/usr/share/orthanc/plugins/libOrthancDicomWeb.so') &&
  spawnSync('sh', ['-c', 'command -v Orthanc'], { stdio: 'ignore' }).status === 0;
const mayMakeNamespace = () =>
  spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' }).status === 0;

if (hasOrthanc && !mayMakeNamespace())
  console.warn('No network namespace may be made here: Orthanc is not given reports.');
else
  describe.skipIf(!hasOrthanc)('write-back and Orthanc', () => {
    it('stores by STOW-RS and by C-STORE what a folder gets, and takes it twice', {
      timeout: 120_000,
    }, () => {
      const program = path.join(repositoryRoot, 'bin/serieswise');
      const send = [program, 'write-back', output, '--where', 'true'];
      const web = [...send, '--dicomweb', 'http://127.0.0.1:8042/dicom-web'];
      const commands = [
        // Twice: the same objects are no conflict.
        ['sh', '-c', '"$@" && exec "$@"', 'sh', ...web],
        [...send, '--dimse', 'ORTHANC@127.0.0.1:4242'],
      ];
      const script = path.join(repositoryRoot, 'test/oracles/orthanc.py');
      const keep = path.join(folder, 'kept');
      const { stdout, stderr, status } = spawnSync('unshare', ['-n', oraclePython()!, script, 'Orthanc'], {
        input: JSON.stringify({ commands, keep }),
        encoding: 'utf8',
      });
      expect(status, stderr).toBe(0);
      const answers = JSON.parse(stdout) as { code: number; paths: string[] }[];
      expect(answers.map(({ code }) => code)).toEqual([0, 0]);
      const byUid = (files: string[]) =>
        Object.fromEntries(files.map((file) => [path.basename(file), file] as const));
      const wanted = byUid(filesOf(reports));
      const [overWeb, overDimse] = answers.map(({ paths }) => byUid(paths));
      for (const stored of [overWeb!, overDimse!])
        expect(Object.keys(stored).sort()).toEqual(Object.keys(wanted).sort());
      // STOW-RS gives files, which stay; by C-STORE Orthanc makes a File Meta of its own.
      for (const [name, file] of Object.entries(wanted))
        expect(digestOf(overWeb![name]!)).toBe(digestOf(file));
      const names = Object.keys(wanted);
      const judged = read([...names.map((name) => overDimse![name]!), ...names.map((name) => wanted[name]!)]);
      const datasets = judged.map(({ naturalized }) => naturalized);
      expect(datasets.slice(0, names.length)).toEqual(datasets.slice(names.length));
    });
  });

// The last: it changes the manifest.
describeWithOracle('write-back after a review', () => {
  it('tells what readers decided, without the certainty of another label', async () => {
    const [unit] = await rowsOf('SELECT * FROM series ORDER BY series_unit LIMIT 1');
    const { series_unit, tensor_sha256, axis, contrast, bundle } = unit!;
    const store = new ReviewStore(output, { reader: 'r1', role: 'reader' }, 'zz', []);
    await store.append({
      action: 'relabel',
      undoes: null,
      series_unit: String(series_unit),
      tensor_sha256: String(tensor_sha256),
      body_part: 'face-orbits-sinus',
      axis: String(axis) as 'axial',
      contrast: String(contrast) as 'yes',
      bundle: String(bundle),
      reviewed_at: '2026-01-01T00:00:00Z',
      reading_ms: 1,
    });
    const reviewed = path.join(folder, 'reviewed');
    expect(await writeInto(reviewed, "body_part_source = 'review'")).toMatchObject([
      { series_unit, problem: null },
    ]);
    const [file] = listTree(reviewed);
    // In the same series as before, as another object.
    const earlier = listTree(reports).find((name) => path.dirname(name) === path.dirname(file!));
    expect(earlier).toBeDefined();
    expect(earlier).not.toBe(file);
    const groups = read([path.join(reviewed, file!)])[0]!.groups;
    const [bodyPart, axisGroup] = groups;
    expect(bodyPart!.evaluations.map(([, [value]]) => value)).toEqual([
      '89545001',
      '363654007',
      '2095001',
      'review',
    ]);
    expect([bodyPart!.measurements, bodyPart!.algorithm]).toEqual([[], {}]);
    expect(axisGroup!.measurements).toHaveLength(1);
    expect(axisGroup!.evaluations.at(-1)?.[1]?.[0]).toBe('review');
  });
});
