import type { ExpectedSeries, WriterContext } from './archive.ts';
import type { Expectation } from './archive-sink.ts';
import { encodeDicomFile, encodePixels } from './dicom-writer.ts';
import type { DemoPatient, DemoStudy } from './headers.ts';
import { EQUIPMENT, makePatient, makeStudy } from './headers.ts';
import {
  dicomdir,
  doseReport,
  radiograph,
  referralDocument,
  screenSave,
  secondaryCapture,
} from './objects.ts';
import type { SeriesPlan, StudyPlan } from './plan.ts';
import { DEMO_STUDIES } from './plan.ts';
import { makeRandom } from './random.ts';
import type { RenderedSlice } from './series.ts';
import {
  countSlices,
  ctImageElements,
  gridAt,
  renderScout,
  renderSeries,
  renderSlice,
  sampleSlab,
  sliceSpacingOf,
  toStored,
} from './series.ts';
import type { DemoVolume } from './volumes.ts';
import { loadVolume } from './volumes.ts';

const KEPT = { kind: 'ct-image', disposition: 'kept', reason: null } as const;

const SCOUT_PIXEL_MM = 3;

const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const inPath = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9.-]+/g, '_');

/** Where the files of a study go: three manners of naming, as exports of three vendors have them. */
interface StudyLayout {
  folder: string;
  seriesFolder(number: number, description: string): string;
  fileName(seriesNumber: number, instanceNumber: number): string;
}

function layoutOf(study: DemoStudy, plan: StudyPlan, studyNumber: number): StudyLayout {
  const name = inPath(study.patient.name);
  if (plan.equipment === 'philips') {
    return {
      folder: `DICOM/PA${pad(plan.patient, 6)}/ST${pad(studyNumber, 6)}`,
      seriesFolder: (number) => `SE${pad(number, 6)}`,
      fileName: (_, instance) => `IM${pad(instance, 6)}`,
    };
  }
  const folder = `${name}_${study.patient.id}/${study.date}_${inPath(study.description)}_${study.accession}`;
  if (plan.equipment === 'siemens') {
    return {
      folder,
      seriesFolder: (number) => `SER${pad(number, 4)}`,
      fileName: (number, instance) => `${name}.CT.${pad(number, 4)}.${pad(instance, 4)}.${study.date}.IMA`,
    };
  }
  return {
    folder,
    seriesFolder: (number, description) => `S${pad(number, 4)}_${inPath(description)}`,
    fileName: (_, instance) => `IM${pad(instance, 4)}.dcm`,
  };
}

interface StudyContext extends WriterContext {
  study: DemoStudy;
  layout: StudyLayout;
  /** Frame of Reference UID of a volume within the study. */
  frameOfReference(volume: string): string;
}

/** UID of a series of a study; its instances are numbered below it. */
const seriesUidOf = (study: DemoStudy, seriesNumber: number): string => `${study.uid}.${seriesNumber}`;

function encodeSlice(
  context: StudyContext,
  plan: SeriesPlan,
  slice: RenderedSlice,
  instanceNumber: number,
): Buffer {
  const { study, planted } = context;
  const uid = seriesUidOf(study, plan.seriesNumber);
  const series = {
    uid,
    number: plan.seriesNumber,
    modality: 'CT',
    description: planted.text(`${plan.description} ZZTEST`),
    protocol: planted.text(`${plan.protocol} ZZTEST`),
    ...(plan.bodyPartExamined === undefined ? {} : { bodyPartExamined: plan.bodyPartExamined }),
  };
  const along = plan.labels.axis === 'axial' ? slice.grid.imagePositionPatient[2] : slice.positionMm;
  const image = {
    grid: slice.grid,
    instanceNumber,
    sopInstanceUid: `${uid}.${instanceNumber}`,
    sliceLocationMm: along,
  };
  const elements = ctImageElements(
    study,
    plan,
    series,
    context.frameOfReference(plan.volume),
    image,
    planted,
  );
  const transferSyntax = plan.transferSyntax ?? 'explicit';
  return encodeDicomFile([...elements, [0x7fe00010, 'OW', encodePixels(slice.stored, transferSyntax)]], {
    transferSyntax,
    undefinedLengths: plan.undefinedLengths ?? false,
    sourceApplicationEntityTitle: planted.text('ZZTESTAE'),
  });
}

function writeSeries(
  context: StudyContext,
  plan: SeriesPlan,
  volume: DemoVolume,
  limit?: number,
): ExpectedSeries {
  const { sink, study, layout } = context;
  const slices = renderSeries(plan, volume, study.equipment.signedPixels, context.seed, limit);
  // With few slices the lost one moves to the middle, so that it always leaves a gap.
  const missing =
    plan.missingSlice === undefined ? null : Math.min(plan.missingSlice, Math.floor(slices.length / 2));
  const folder = `${layout.folder}/${layout.seriesFolder(plan.seriesNumber, plan.description)}`;
  const expectation: Expectation = { ...KEPT, series: plan.name };
  for (const [n, slice] of slices.entries()) {
    if (n === missing) continue;
    const instanceNumber = plan.reversed === true ? slices.length - n : n + 1;
    const bytes = encodeSlice(context, plan, slice, instanceNumber);
    const name = layout.fileName(plan.seriesNumber, instanceNumber);
    if (plan.container === undefined) sink.write(`${folder}/${name}`, bytes, expectation);
    else
      sink.addMember(
        `${folder}.${plan.container}`,
        `${inPath(study.patient.name)}/${name}`,
        bytes,
        expectation,
      );
  }
  const tiltDeg = plan.gantryTiltDeg ?? 0;
  return {
    name: plan.name,
    volume: plan.volume,
    patientId: study.patient.id,
    studyInstanceUid: study.uid,
    seriesInstanceUid: seriesUidOf(study, plan.seriesNumber),
    labels: plan.labels,
    headerLies: plan.headerLies ?? false,
    sliceCount: slices.length - (missing === null ? 0 : 1),
    rows: plan.rows,
    columns: plan.columns,
    pixelSpacingMm: [plan.pixelMm, plan.pixelMm],
    sliceSpacingMm: sliceSpacingOf(plan, limit) * Math.cos((tiltDeg * Math.PI) / 180),
    sliceGapCount: missing === null ? 0 : 1,
    gantryTiltDeg: tiltDeg,
  };
}

/** A front and a side view before the first series of a study. */
function writeScouts(context: StudyContext, plan: SeriesPlan, volume: DemoVolume): void {
  const scout: SeriesPlan = {
    ...plan,
    name: 'scout',
    seriesNumber: 1,
    description: 'SCOUT',
    imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
  };
  delete scout.gantryTiltDeg;
  delete scout.contrastAgent;
  for (const [n, view] of (['front', 'side'] as const).entries()) {
    const slice = renderScout(volume, view, SCOUT_PIXEL_MM);
    const bytes = encodeSlice(
      context,
      { ...scout, pixelMm: SCOUT_PIXEL_MM, columns: slice.grid.columns },
      slice,
      n + 1,
    );
    const name = `${context.layout.seriesFolder(1, 'SCOUT')}/${context.layout.fileName(1, n + 1)}`;
    context.sink.write(`${context.layout.folder}/${name}`, bytes, {
      kind: 'localizer',
      disposition: 'excluded',
      reason: 'localizer',
      series: null,
    });
  }
}

/** Thick coronal maximum intensity projections: an image in a CT SOP class, but no reformat to learn from. */
function writeProjections(context: StudyContext, plan: SeriesPlan, volume: DemoVolume): void {
  const mip: SeriesPlan = {
    ...plan,
    seriesNumber: 50,
    description: 'COR MIP',
    imageType: ['DERIVED', 'SECONDARY', 'REFORMATTED', 'MIP'],
    spacingMm: 15,
    thicknessMm: 24,
  };
  const random = makeRandom(context.seed, 50);
  const count = Math.floor((mip.toMm - mip.fromMm) / mip.spacingMm) + 1;
  for (let n = 0; n < count; n++) {
    const positionMm = mip.fromMm + n * mip.spacingMm;
    const grid = gridAt(mip, positionMm);
    const hu = sampleSlab(volume, grid, mip.thicknessMm, 'maximum');
    const stored = toStored(hu, mip, context.study.equipment.signedPixels, random);
    const bytes = encodeSlice(context, mip, { grid, stored, positionMm }, n + 1);
    const name = `${context.layout.seriesFolder(50, mip.description)}/${context.layout.fileName(50, n + 1)}`;
    context.sink.write(`${context.layout.folder}/${name}`, bytes, {
      kind: 'mip',
      disposition: 'excluded',
      reason: 'post-processed',
      series: null,
    });
  }
}

/**
 * Four pictures of one position, taken while the contrast agent arrives. The shipped pipeline does not list bolus
 * tracking among its exclusions, so that what they lack is slices.
 */
function writeBolusTracking(context: StudyContext, plan: SeriesPlan, volume: DemoVolume): void {
  const tracking: SeriesPlan = {
    ...plan,
    seriesNumber: 40,
    description: 'BOLUS TRACKING',
    protocol: 'SMARTPREP',
    fromMm: 110,
    toMm: 110,
  };
  for (let n = 0; n < 4; n++) {
    const slice = renderSlice(tracking, volume, 0, context.study.equipment.signedPixels, context.seed + n);
    const bytes = encodeSlice(context, tracking, slice, n + 1);
    const name = `${context.layout.seriesFolder(40, tracking.description)}/${context.layout.fileName(40, n + 1)}`;
    context.sink.write(`${context.layout.folder}/${name}`, bytes, {
      kind: 'bolus-tracking',
      disposition: 'excluded',
      reason: 'too-few-slices',
      series: null,
    });
  }
}

/** What lies about in the first study: pages, a screen save, a broken file, copies. */
function writeOddments(context: StudyContext, plan: SeriesPlan, volume: DemoVolume, limit?: number): void {
  const { sink, study, layout, planted } = context;
  const count = countSlices(plan, limit);
  const cut = (n: number): RenderedSlice =>
    renderSlice(plan, volume, n, study.equipment.signedPixels, context.seed, limit);
  const other = (kind: Expectation['kind'], reason: NonNullable<Expectation['reason']>): Expectation => ({
    kind,
    disposition:
      kind === 'truncated' || kind === 'document' || kind === 'text' || kind === 'empty'
        ? 'unreadable'
        : 'excluded',
    reason,
    series: null,
  });
  sink.write(
    `${layout.folder}/S0900/IM0001.dcm`,
    secondaryCapture(study, seriesUidOf(study, 900), planted),
    other('secondary-capture', 'secondary-capture'),
  );
  sink.write(
    `${layout.folder}/S0099_Screen_Save/IM0001.dcm`,
    screenSave(
      study,
      seriesUidOf(study, 99),
      context.frameOfReference(plan.volume),
      cut(count >> 1),
      planted,
    ),
    other('screen-save', 'screen-save'),
  );
  sink.write(
    `${layout.folder}/S0997_Dose_Report/SR0001.dcm`,
    doseReport(study, seriesUidOf(study, 997), planted),
    other('dose-report', 'dose-report'),
  );
  // One slice more than the series has, cut off in its pixels: the rest of the series stays whole.
  const whole = encodeSlice(context, plan, cut(count), count + 1);
  sink.write(
    `${layout.folder}/${layout.seriesFolder(plan.seriesNumber, plan.description)}/${layout.fileName(plan.seriesNumber, count + 1)}`,
    whole.subarray(0, Math.floor(whole.length * 0.6)),
    other('truncated', 'truncated'),
  );
  sink.write(`${layout.folder}/referral.dcm`, referralDocument(study), other('document', 'not-dicom'));
  sink.write(
    `${layout.folder}/notes_${inPath(study.patient.name)}.txt`,
    Buffer.from(`Call ${study.patient.name} (${study.patient.id}) at ${study.patient.telephone}.\n`),
    other('text', 'not-dicom'),
  );
  sink.write(`${layout.folder}/.export-complete`, new Uint8Array(0), other('empty', 'empty-file'));
}

/** Writes byte-equal copies of the first three slices of a series under other names. */
function writeCopies(context: StudyContext, plan: SeriesPlan): void {
  const { sink, study, layout } = context;
  const folder = `${layout.folder}/${layout.seriesFolder(plan.seriesNumber, plan.description)}`;
  for (let n = 1; n <= 3; n++) {
    const copy = `Copy of ${inPath(study.patient.name)}/IMG (${n})`;
    sink.copy(`${folder}/${layout.fileName(plan.seriesNumber, n)}`, copy);
  }
}

/**
 * The demo's PACS export: four patients, six studies, fifteen image series and what lies about beside them.
 * @param limit at most so many slices a series
 */
export function writeDemoExport(base: WriterContext, limit?: number): ExpectedSeries[] {
  const { seed, planted, sink } = base;
  const random = makeRandom(seed);
  const volumes = new Map<string, DemoVolume>();
  const volumeOf = (id: string): DemoVolume => {
    const volume = volumes.get(id) ?? loadVolume(id);
    volumes.set(id, volume);
    return volume;
  };
  const patients = new Map<number, DemoPatient>();
  const expected: ExpectedSeries[] = [];
  for (const [index, plan] of DEMO_STUDIES.entries()) {
    const patient = patients.get(plan.patient) ?? makePatient(plan.patient, random, planted);
    patients.set(plan.patient, patient);
    const equipment = EQUIPMENT[plan.equipment];
    const study = makeStudy(index + 1, patient, equipment, plan.description, seed, random, planted);
    const layout = layoutOf(study, plan, index + 1);
    const context: StudyContext = {
      ...base,
      study,
      layout,
      frameOfReference: (volume) =>
        `${study.frameOfReferenceUid}.${plan.series.findIndex((series) => series.volume === volume) + 1}`,
    };
    for (const segment of layout.folder.split('/')) if (segment.includes('ZZ')) planted.text(segment);
    planted.text(inPath(patient.name));
    const first = plan.series[0]!;
    writeScouts(context, first, volumeOf(first.volume));
    for (const series of plan.series)
      expected.push(writeSeries(context, series, volumeOf(series.volume), limit));
    if (index === 0) {
      writeProjections(context, plan.series[2]!, volumeOf(first.volume));
      writeOddments(context, first, volumeOf(first.volume), limit);
      writeCopies(context, first);
    }
    if (index === 1) {
      const front = renderScout(volumeOf('lidc0001'), 'front', SCOUT_PIXEL_MM);
      sink.write(`${layout.folder}/CR/IM1`, radiograph(study, seriesUidOf(study, 700), front, planted), {
        kind: 'radiograph',
        disposition: 'excluded',
        reason: 'not-ct',
        series: null,
      });
    }
    if (index === 2) writeBolusTracking(context, first, volumeOf(first.volume));
    if (plan.equipment === 'philips') {
      sink.write('DICOMDIR', dicomdir(study), {
        kind: 'dicomdir',
        disposition: 'excluded',
        reason: 'dicomdir',
        series: null,
      });
    }
  }
  return expected;
}
