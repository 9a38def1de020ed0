/** Asks, reads, renders and writes the report of a run. */
import fs from 'node:fs';
import path from 'node:path';
import type { RunDocument } from '../../activities/run-document.ts';
import { flushFolder, isTemporaryName, writeFileAtomic } from '../../activities/store/atomic.ts';
import { checkExpectations } from '../../manifest/check-expectations.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { resolveProfile } from '../../stages/deidentify/profile.ts';
import { isSeriesUnitKey, thumbnailPathOf } from '../../stages/publish/output-paths.ts';
import { REASONS } from '../../stages/reasons.ts';
import { productVersion } from '../../workers/package-root.ts';
import type { AnswerRow } from './cells.ts';
import { listDeidentificationFacts, listProvenance, listTiming } from './facts.ts';
import { listExpectations } from './figures/expectations.ts';
import type { ReportSettings } from './figures/figure.ts';
import { listSections } from './figures/index.ts';
import { type AnsweredSection, renderReport } from './render-report.ts';
import { REPORT_PATH } from './report-file.ts';

/** Bytes of PNG in a report, at most: with base64 and the rest it stays under 10 MB. */
const PICTURE_BUDGET = 6_000_000;

/** Pictures for each body part: the most of these with which the budget holds. */
const SAMPLE_SIZES = [8, 6, 4, 3, 2, 1] as const;

/** What was written. */
export interface WrittenReport {
  file: string;
  bytes: number;
  pictures: number;
  picturesPerLabel: number;
  alarms: readonly string[];
  figures: { id: string; title: string; sql: string; rows: readonly AnswerRow[] }[];
}

/**
 * Writes DIR/report/index.html, whole or not at all.
 * @param folder output folder of a run that has ended
 * @throws ManifestError where the tables cannot be read; the error of the file system where it cannot be written
 */
export async function writeReport(folder: string, run: RunDocument): Promise<WrittenReport> {
  const manifest = await openManifest(folder);
  try {
    const { sections, pictures, picturesPerLabel } = await answerFigures(manifest, folder, run);
    sections.splice(1, 0, ...(await answerExpectations(manifest, run)));
    const alarms = findAlarms(sections, run);
    const html = renderReport({
      run,
      version: productVersion(),
      sections,
      pictures,
      meanings: new Map(Object.entries(REASONS).map(([reason, { meaning }]) => [reason, meaning])),
      timing: listTiming(run),
      provenance: listProvenance(run),
      deidentification: listDeidentificationFacts(run, resolveProfile(run.pipeline.deidentify)),
      alarms,
    });
    const file = path.join(folder, REPORT_PATH);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    for (const name of fs.readdirSync(path.dirname(file))) {
      if (isTemporaryName(name)) fs.rmSync(path.join(path.dirname(file), name), { force: true });
    }
    writeFileAtomic(file, html);
    flushFolder(path.dirname(file));
    return {
      file,
      bytes: Buffer.byteLength(html),
      pictures: pictures.size,
      picturesPerLabel,
      alarms,
      figures: sections.flatMap(({ figures }) =>
        figures.map(({ figure: { id, title, sql }, rows }) => ({ id, title, sql, rows })),
      ),
    };
  } finally {
    await manifest.close();
  }
}

/** What the pipeline expects of its run; no section where it expects nothing. */
async function answerExpectations(manifest: Manifest, run: RunDocument): Promise<AnsweredSection[]> {
  const expected = (run.pipeline.expect ?? []).filter(({ of }) => of === 'run');
  if (expected.length === 0) return [];
  return [listExpectations(await checkExpectations(manifest, expected))];
}

async function answerFigures(
  manifest: Manifest,
  folder: string,
  run: RunDocument,
): Promise<{ sections: AnsweredSection[]; pictures: Map<string, Buffer>; picturesPerLabel: number }> {
  const answers = new Map<string, readonly AnswerRow[]>();
  const ask = async (sql: string): Promise<readonly AnswerRow[]> => {
    const known = answers.get(sql);
    if (known !== undefined) return known;
    const { rows } = await manifest.query(sql);
    answers.set(sql, rows);
    return rows;
  };
  const reviewBelow = run.pipeline.classify.review_below;
  for (const picturesPerLabel of SAMPLE_SIZES) {
    const settings: ReportSettings = { picturesPerLabel, reviewBelow };
    const sections: AnsweredSection[] = [];
    const units = new Set<string>();
    for (const section of listSections(settings)) {
      const figures = [];
      for (const figure of section.figures) {
        const rows = await ask(figure.sql);
        figures.push({ figure, rows });
        if (figure.view.kind === 'pictures') for (const row of rows) units.add(String(row.series_unit));
      }
      sections.push({ section, figures });
    }
    const found = findPictures(folder, units);
    const bytes = [...found.values()].reduce((sum, each) => sum + each, 0);
    const isLast = picturesPerLabel === SAMPLE_SIZES.at(-1);
    if (bytes <= PICTURE_BUDGET || isLast) {
      return { sections, pictures: readPictures(folder, found), picturesPerLabel };
    }
  }
  throw new Error('There is always a last sample size.');
}

/** Sizes of the thumbnails that there are, by series unit. */
function findPictures(folder: string, units: ReadonlySet<string>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const unit of units) {
    // A key of another form would be a path of somebody's making.
    if (!isSeriesUnitKey(unit)) continue;
    const stat = fs.statSync(pictureFile(folder, unit), { throwIfNoEntry: false });
    if (stat?.isFile() === true) sizes.set(unit, stat.size);
  }
  return sizes;
}

function readPictures(folder: string, sizes: ReadonlyMap<string, number>): Map<string, Buffer> {
  const pictures = new Map<string, Buffer>();
  let left = PICTURE_BUDGET;
  for (const [unit, size] of sizes) {
    if (size > left) continue;
    const bytes = fs.readFileSync(pictureFile(folder, unit));
    if (bytes.subarray(0, 8).toString('latin1') !== '\x89PNG\r\n\x1a\n') continue;
    left -= bytes.length;
    pictures.set(unit, bytes);
  }
  return pictures;
}

function pictureFile(folder: string, unit: string): string {
  return path.join(folder, thumbnailPathOf(unit));
}

/** Conservation: what the tables count must be what run.json counted. */
function findAlarms(sections: readonly AnsweredSection[], run: RunDocument): string[] {
  const flow = sections.flatMap(({ figures }) => figures).find(({ figure }) => figure.view.kind === 'flow');
  const sums = { seen: 0, others: 0 };
  for (const { box, reason, n } of flow?.rows ?? []) {
    if (reason !== null) continue;
    if (box === 'seen') sums.seen += Number(n);
    if (['unreadable', 'duplicate', 'quarantined', 'excluded', 'kept'].includes(String(box)))
      sums.others += Number(n);
  }
  const alarms: string[] = [];
  if (sums.seen !== sums.others) {
    alarms.push(`The files do not add up: ${sums.seen} rows, ${sums.others} with a disposition.`);
  }
  if (sums.seen !== run.ledger.files_seen) {
    alarms.push(
      `The tables have ${sums.seen} source files, run.json counted ${run.ledger.files_seen}: see serieswise verify.`,
    );
  }
  return alarms;
}
