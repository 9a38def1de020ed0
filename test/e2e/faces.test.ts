import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { pixelDataOf } from '../../dicom/pixels.ts';
import { type DicomFile, readDicom } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { getItems, getNumber, getString, getStrings } from '../../dicom/values.ts';
import { openManifest } from '../../manifest/query.ts';
import { BONE_HU } from '../../stages/preprocess/find-head.ts';
import { decodeNpy } from '../../stages/preprocess/npy.ts';
import { renderThumbnail } from '../../stages/preprocess/thumbnail.ts';
import { runProgram } from '../cli/program.ts';
import { digestOutput, listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

type Row = Record<string, unknown>;
const HEAD = 'head-axial-tilted';
const CHEST = 'chest-axial-native';

/** A head with gantry tilt and a chest of the demo's patients, with each policy for faces. */
describe('faces in a run', () => {
  const folder = makeFolder('faces');
  const input = path.join(folder, 'input');
  const state = path.join(folder, 'state');
  let sources: number;

  const outputOf = (name: string) => path.join(folder, name);
  const run = (policy: string, output: string) => {
    const set = ['--set', `deidentify.faces=${policy}`, '--set', 'publish.tensors=true'];
    const args = ['run', SHIPPED_PIPELINE, '--input', input, '--output', output, '--state', state, ...set];
    const { exitCode, stderr } = runProgram(args, {}, RUN_TIMEOUT_MS);
    expect(exitCode, stderr).toBe(0);
  };
  const query = async (output: string, sql: string): Promise<Row[]> => {
    const manifest = await openManifest(output);
    try {
      return (await manifest.query(sql)).rows;
    } finally {
      await manifest.close();
    }
  };
  const seriesOf = (output: string) =>
    query(output, 'SELECT * FROM series ORDER BY instance_count') as Promise<[Row, Row]>;
  const ledgerOf = (output: string) =>
    JSON.parse(fs.readFileSync(path.join(output, 'run.json'), 'utf8')).ledger as {
      files_seen: number;
      instances: Record<string, number>;
    };

  beforeAll(async () => {
    const archive = path.join(folder, 'archive');
    const { files } = await makeArchive(archive, { seed: 3, slices: 40 });
    const wanted = files.filter(
      ({ series, member, kind, duplicateGroup }) =>
        (series === HEAD || series === CHEST) &&
        member === null &&
        kind === 'ct-image' &&
        duplicateGroup === null,
    );
    sources = wanted.length;
    fs.mkdirSync(input);
    for (const [index, file] of wanted.entries())
      fs.renameSync(path.join(archive, file.path), path.join(input, `${index}.dcm`));
    for (const policy of ['quarantine', 'deface']) run(policy, outputOf(policy));
  }, RUN_TIMEOUT_MS);
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('withholds a head from every folder, with rows and reasons, and a ledger that adds up', async () => {
    const output = outputOf('quarantine');
    const [head, chest] = await seriesOf(output);
    expect(head).toMatchObject({ disposition: 'quarantined', reason: 'recognizable-face', body_part: null });
    expect(chest).toMatchObject({ disposition: 'kept', reason: null });
    const rows = await query(
      output,
      'SELECT series_unit, disposition, reason, output_path, count(*)::INT AS n FROM instances GROUP BY ALL',
    );
    const withheld = rows.filter(({ series_unit: unit }) => unit === head.series_unit);
    expect(withheld).toEqual([
      {
        series_unit: head.series_unit,
        disposition: 'quarantined',
        reason: 'recognizable-face',
        output_path: null,
        n: head.instance_count,
      },
    ]);
    const kept = Number(chest.instance_count);
    expect(ledgerOf(output)).toMatchObject({
      files_seen: sources,
      instances: { kept, quarantined: sources - kept },
    });
    const published = listTree(output);
    expect(published.filter((file) => file.endsWith('.dcm'))).toHaveLength(kept);
    for (const kind of ['thumbnails', 'tensors'])
      expect(
        published.filter((file) => file.startsWith(`${kind}/`)).map((file) => path.parse(file).name),
      ).toEqual([chest.series_unit]);
  });

  it('publishes a head without its face, and says so', async () => {
    const output = outputOf('deface');
    const [head] = await seriesOf(output);
    expect(head).toMatchObject({ disposition: 'kept', recognizable_visual_features: true, defaced: true });
    expect(ledgerOf(output)).toMatchObject({ files_seen: sources, instances: { kept: sources } });
    const rows = await query(output, `SELECT * FROM instances WHERE series_unit = '${head.series_unit}'`);
    const places = new Map(
      fs.readdirSync(input).map((name) => {
        const file = readDicom(fs.readFileSync(path.join(input, name)));
        return [placeOf(file), file];
      }),
    );
    let [gone, bone, notAir] = [0, 0, 0];
    for (const row of rows) {
      const result = readDicom(fs.readFileSync(path.join(output, String(row.output_path))));
      expect(getString(result, result.dataset, TAGS.SOPInstanceUID)).toBe(row.sop_instance_uid);
      expect(getStrings(result, result.dataset, tag('ImageType'))[0]).toBe('DERIVED');
      expect(getString(result, result.dataset, tag('RecognizableVisualFeatures'))).toBe('NO');
      expect(codesOf(result)).toEqual([...codesOf(result)].sort());
      expect(codesOf(result)).toContain('113102');
      const [was, is] = [valuesOf(places.get(placeOf(result))!), valuesOf(result)];
      for (let at = 0; at < was.length; at += 1) {
        if (was[at] === is[at]) continue;
        gone += 1;
        if (was[at]! >= BONE_HU) bone += 1;
        if (is[at] !== -1000) notAir += 1;
      }
    }
    expect(rows).toHaveLength(Number(head.instance_count));
    expect(gone).toBeGreaterThan(10_000);
    expect([bone, notAir]).toEqual([0, 0]);
    const tensor = fs.readFileSync(path.join(output, `tensors/${String(head.series_unit)}.npy`));
    expect(createHash('sha256').update(tensor).digest('hex')).toBe(head.tensor_sha256);
    // The picture is that of the tensor without its face.
    const picture = fs.readFileSync(path.join(output, `thumbnails/${String(head.series_unit)}.png`));
    expect(picture).toEqual(Buffer.from(renderThumbnail(decodeNpy(tensor).data, [128, 224, 224])));
  });

  it(
    'passes its own verification, and gives the same bytes where the policy was another before',
    () => {
      const verify = runProgram(['verify', outputOf('deface')], {}, RUN_TIMEOUT_MS);
      expect(verify.exitCode, verify.stderr + verify.stdout).toBe(0);
      const again = outputOf('quarantine');
      run('deface', again);
      expect(digestOutput(again)).toEqual(digestOutput(outputOf('deface')));
    },
    RUN_TIMEOUT_MS,
  );
});

/** Tells the slices of the two series apart. */
function placeOf(file: DicomFile): string {
  return getStrings(file, file.dataset, tag('ImagePositionPatient')).map(Number).join();
}

function codesOf(file: DicomFile): (string | undefined)[] {
  const items = getItems(file.dataset, tag('DeidentificationMethodCodeSequence'));
  return items.map(({ dataset }) => getString(file, dataset, tag('CodeValue')));
}

/** In HU. */
function valuesOf(file: DicomFile): Float32Array {
  const bytes = new Uint8Array(pixelDataOf(file));
  const slope = getNumber(file, file.dataset, tag('RescaleSlope')) ?? 1;
  const intercept = getNumber(file, file.dataset, tag('RescaleIntercept')) ?? 0;
  const isSigned = getNumber(file, file.dataset, tag('PixelRepresentation')) === 1;
  const stored = isSigned ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  return Float32Array.from(stored, (value) => value * slope + intercept);
}
