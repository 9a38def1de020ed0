import type { ExpectedSeries, WriterContext } from './archive.ts';
import { encodeDicomFile } from './dicom-writer.ts';
import { EQUIPMENT, makePatient, makeStudy } from './headers.ts';
import type { SeriesPlan } from './plan.ts';
import { DEMO_STUDIES } from './plan.ts';
import { makeRandom } from './random.ts';
import type { RenderedSlice } from './series.ts';
import { countSlices, ctImageElements, renderSeries, sliceSpacingOf } from './series.ts';
import { loadVolume } from './volumes.ts';

/** Series of the demo that serve as templates: three planes in turn. */
const TEMPLATES = [
  'chest-axial-soft',
  'abdomen-pelvis-coronal',
  'abdomen-sagittal-zip',
  'chest-abdomen-pelvis-axial',
  'chest-coronal',
  'l-spine-sagittal',
] as const;

const SERIES_PER_STUDY = 3;

interface Template {
  plan: SeriesPlan;
  slices: RenderedSlice[];
  sliceSpacingMm: number;
}

/** A template on a square matrix over the same field of view, with exactly `slices` slices over the same range. */
function renderTemplate(name: string, slices: number, matrix: number, seed: number): Template {
  const original = DEMO_STUDIES.flatMap((study) => study.series).find((series) => series.name === name)!;
  const side = Math.max(original.rows, original.columns) * original.pixelMm;
  const plan: SeriesPlan = {
    ...original,
    rows: matrix,
    columns: matrix,
    pixelMm: Number((side / matrix).toFixed(4)),
    spacingMm: Number(((original.toMm - original.fromMm) / Math.max(1, slices - 1) - 5e-5).toFixed(4)),
    undefinedLengths: false,
    reversed: false,
  };
  const rendered = renderSeries(plan, loadVolume(plan.volume), false, seed, slices);
  return { plan, slices: rendered, sliceSpacingMm: sliceSpacingOf(plan, countSlices(plan, slices)) };
}

/** Makes pixels unequal: 48 bits of a counter go into the noise of the first sixteen pixels, in the air of a corner. */
function stamp(pixels: Buffer, counter: number): void {
  let rest = counter;
  for (let i = 0; i < 16; i++) {
    pixels.writeUInt16LE(24 + (rest % 8), i * 2);
    rest = Math.floor(rest / 8);
  }
}

/**
 * Many series, cheaply: a few templates are cut once, and every file gets headers and a few pixels of its own.
 * Three series a study, two studies a patient; all of them are to be kept.
 */
export function writeGeneratedSeries(
  context: WriterContext,
  options: { series: number; slices: number; matrix: number },
): ExpectedSeries[] {
  const { sink, seed, planted } = context;
  const random = makeRandom(seed, 1);
  const templates = TEMPLATES.slice(0, Math.min(TEMPLATES.length, options.series)).map((name) =>
    renderTemplate(name, options.slices, options.matrix, seed),
  );
  const expected: ExpectedSeries[] = [];
  let patient = makePatient(1, random, planted);
  let study = makeStudy(1, patient, EQUIPMENT.siemens, 'CT GENERATED', seed, random, planted);
  let counter = 0;
  for (let n = 0; n < options.series; n++) {
    if (n > 0 && n % SERIES_PER_STUDY === 0) {
      const studyNumber = n / SERIES_PER_STUDY + 1;
      if (studyNumber % 2 === 1) patient = makePatient((studyNumber + 1) / 2, random, planted);
      study = makeStudy(studyNumber, patient, EQUIPMENT.siemens, 'CT GENERATED', seed, random, planted);
    }
    const template = templates[n % templates.length]!;
    const { plan } = template;
    const number = (n % SERIES_PER_STUDY) + 2;
    const uid = `${study.uid}.${number}`;
    const name = `generated-${String(n + 1).padStart(5, '0')}`;
    const series = {
      uid,
      number,
      modality: 'CT',
      description: planted.text(`${plan.description} ZZTEST`),
      ...(plan.bodyPartExamined === undefined ? {} : { bodyPartExamined: plan.bodyPartExamined }),
    };
    const patientFolder = planted.text(study.patient.id);
    const folder = `${patientFolder}/${study.accession}/SER${String(number).padStart(4, '0')}`;
    for (const [i, slice] of template.slices.entries()) {
      const image = {
        grid: slice.grid,
        instanceNumber: i + 1,
        sopInstanceUid: `${uid}.${i + 1}`,
        sliceLocationMm: slice.positionMm,
      };
      const elements = ctImageElements(study, plan, series, study.frameOfReferenceUid, image, planted);
      const { stored } = slice;
      const pixels = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
      stamp(pixels, counter++);
      const bytes = encodeDicomFile([...elements, [0x7fe00010, 'OW', pixels]]);
      sink.write(`${folder}/IM${String(i + 1).padStart(4, '0')}.dcm`, bytes, {
        kind: 'ct-image',
        disposition: 'kept',
        reason: null,
        series: name,
      });
    }
    expected.push({
      name,
      volume: plan.volume,
      patientId: study.patient.id,
      studyInstanceUid: study.uid,
      seriesInstanceUid: uid,
      labels: plan.labels,
      headerLies: plan.headerLies ?? false,
      sliceCount: template.slices.length,
      rows: plan.rows,
      columns: plan.columns,
      pixelSpacingMm: [plan.pixelMm, plan.pixelMm],
      sliceSpacingMm: template.sliceSpacingMm,
      sliceGapCount: 0,
      gantryTiltDeg: 0,
    });
  }
  return expected;
}
