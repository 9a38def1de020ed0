import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeFrame, loadCodec, pixelDataOf, readPixelFormat } from '../../../dicom/pixels.ts';
import { type DicomFile, readDicom } from '../../../dicom/read.ts';
import { TAGS, tag } from '../../../dicom/tags.ts';
import { TRANSFER_SYNTAXES } from '../../../dicom/uids.ts';
import { getString, getStrings } from '../../../dicom/values.ts';
import { auditInstance } from '../../../stages/deidentify/audit-instance.ts';
import { BONE_HU } from '../../../stages/preprocess/find-head.ts';
import { defaceInstance } from '../../../stages/publish/deface-instance.ts';
import type { FaceRegion } from '../../../stages/publish/plan-defacing.ts';
import { deidentifyFileAt, deidentifyOptions, joinOutput } from '../../fixtures/deidentify.ts';
import { describeWithProgram, listIodErrors } from '../../fixtures/judges.ts';
import { sharedDicomDir } from '../../fixtures/shared-dicom.ts';

const data = sharedDicomDir();
const folder = path.join(data ?? '', 'transfer_syntaxes_cornerstone');
const UID = '2.25.424242';
/** Whatever lies in front of y = 0, from the right to the left and from head to foot. */
const FRONT_HALF: FaceRegion = {
  frontMm: new Float32Array(4).fill(0),
  size: [2, 2],
  cellMm: 1,
  originMm: [0, 0],
  lowestMm: -1e6,
  highestMm: 1e6,
  removedShare: 1,
};

function valuesOf(file: DicomFile) {
  return decodeFrame(pixelDataOf(file), readPixelFormat(file), 0).values;
}

/** One slice in many transfer syntaxes. */
describe.skipIf(data === null)('defaceInstance', () => {
  const names = data === null ? [] : fs.readdirSync(folder).filter((name) => name.startsWith('CTImage.dcm'));
  it.each(names)('changes what it should and nothing else in %s', async (name) => {
    const { record, output } = deidentifyFileAt(folder, name, deidentifyOptions());
    if (output === null) return expect(record.reason).not.toBeNull();
    const source = joinOutput(output);
    await loadCodec(record.transferSyntaxUid ?? '');
    const { profile } = deidentifyOptions();
    const image = record.image!;
    const made = defaceInstance(source, image, FRONT_HALF, { sopInstanceUid: UID, profile });
    const [before, after] = [readDicom(source), readDicom(made!.bytes)];
    const compressed = image.pixelData.encapsulated;
    expect(after.transferSyntaxUid).toBe(
      compressed ? TRANSFER_SYNTAXES.explicitVrLittleEndian : record.transferSyntaxUid,
    );
    expect(made!.transferSyntaxUid).toBe(after.transferSyntaxUid);
    expect(after.dataset.elements.get(TAGS.PixelData)!.fragments).toBeUndefined();
    expect(getString(after, after.dataset, TAGS.SOPInstanceUID)).toBe(UID);
    expect(getString(after, after.meta, 0x00020003)).toBe(UID);
    expect(getStrings(after, after.dataset, tag('ImageType'))[0]).toBe('DERIVED');
    expect(getString(after, after.dataset, tag('RecognizableVisualFeatures'))).toBe('NO');
    expect(auditInstance(made!.bytes, profile)).toEqual([]);

    const [was, is] = [valuesOf(before), valuesOf(after)];
    const { rescaleSlope, rescaleIntercept, imagePositionPatient, pixelSpacingMm } = image.frames[0]!;
    const hu = (value: number) => value * (rescaleSlope ?? 1) + (rescaleIntercept ?? 0);
    const lowest = image.pixelRepresentation === 1 ? -(2 ** (image.bitsStored - 1)) : 0;
    const air = Math.max(lowest, Math.round((-1000 - (rescaleIntercept ?? 0)) / (rescaleSlope ?? 1)));
    let [changed, wrong] = [0, 0];
    for (let at = 0; at < was.length; at += 1) {
      const y = imagePositionPatient![1] + Math.floor(at / image.columns) * pixelSpacingMm![0];
      if (was[at] !== is[at]) changed += 1;
      const isFace = y < 0 && hu(was[at]!) < BONE_HU;
      if (is[at] !== (isFace ? air : was[at])) wrong += 1;
    }
    expect(wrong).toBe(0);
    expect(changed).toBe(made!.changedPixels);
    expect(changed).toBeGreaterThan(1000);
  });

  it('leaves several frames and odd containers to others', () => {
    const { record, output } = deidentifyFileAt(folder, 'CTImage.dcm', deidentifyOptions());
    const source = joinOutput(output!);
    const options = { sopInstanceUid: UID, profile: deidentifyOptions().profile };
    const image = record.image!;
    expect(defaceInstance(source, { ...image, highBit: 15, bitsStored: 12 }, FRONT_HALF, options)).toBeNull();
    expect(
      defaceInstance(source, { ...image, frames: [...image.frames, ...image.frames] }, FRONT_HALF, options),
    ).toBeNull();
  });
});

const judge = data === null ? describe.skip : describeWithProgram('dciodvfy');
judge('dciodvfy on defaced instances', () => {
  it.each(['CTImage.dcm', 'CTImage.dcm_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm'])(
    'finds no error in %s',
    async (name) => {
      const { record, output } = deidentifyFileAt(folder, name, deidentifyOptions());
      await loadCodec(record.transferSyntaxUid ?? '');
      const options = { sopInstanceUid: UID, profile: deidentifyOptions().profile };
      const made = defaceInstance(joinOutput(output!), record.image!, FRONT_HALF, options)!;
      const place = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-deface-'));
      try {
        fs.writeFileSync(path.join(place, 'defaced.dcm'), made.bytes);
        expect(listIodErrors(path.join(place, 'defaced.dcm'))).toEqual([]);
      } finally {
        fs.rmSync(place, { recursive: true, force: true });
      }
    },
  );
});
