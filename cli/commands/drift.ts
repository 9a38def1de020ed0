import type { Command } from 'commander';
import type { RunDocument } from '../../activities/run-document.ts';
import { type Drift, type DriftMeasure, type DriftUnit, findDrift } from '../../evaluation/drift.ts';
import { formatCount, formatPercent } from '../../evaluation/format.ts';
import { openManifest } from '../../manifest/query.ts';
import { CliError } from '../exit.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import { printJson, say } from '../settings.ts';
import { renderTable } from '../table.ts';

/** Adds `drift A B`: whether the second run differs from the first. */
export function registerDrift(program: Command): void {
  program
    .command('drift')
    .summary('what differs between two runs, beyond chance and by enough to matter')
    .description(
      'Compares label mix, scores, Hounsfield units, needed reviews, scanners and conflicts with the header of two runs.\n' +
        'A measure is flagged when its difference is significant after correction for all measures, patients being\n' +
        'compared as wholes, and at least as large as --effect. Exit code 1 when one is.',
    )
    .argument('<a>', 'output folder of the run to compare with')
    .argument('<b>', 'output folder of the other run')
    .option('--effect <share>', 'least difference that matters, as a share of the units', '0.05')
    .option('--json', 'print one JSON document on standard output')
    .action(async (a: string, b: string, options: { effect: string; json?: boolean }) => {
      const leastEffect = Number(options.effect);
      if (!(leastEffect >= 0 && leastEffect <= 1))
        throw new CliError('--effect wants a share between 0 and 1.', 2);
      const [first, second] = [await readRun(a), await readRun(b)];
      const notes = listNotes(first.run, second.run);
      const isWindowShared = String(windowOf(first.run)) === String(windowOf(second.run));
      const [before, after] = [first, second].map(({ units }) =>
        isWindowShared ? units : units.map((unit) => ({ ...unit, ...NO_HU })),
      );
      const drift = findDrift(before!, after!, leastEffect);
      if (options.json) printJson({ ...drift, notes });
      else {
        process.stdout.write(`${renderDrift(drift)}\n`);
        for (const note of notes) say(note);
      }
      refuseDrift(drift);
    });
}

const NO_HU = { mean_hu: null, air_fraction: null, saturated_fraction: null };

const windowOf = (run: RunDocument): readonly [number, number] => run.pipeline.preprocess.window_hu;

function readRun(location: string): Promise<{ run: RunDocument; units: DriftUnit[] }> {
  return withOutputView(location, 'tables', async ({ folder }) => {
    const run = requireRunDocument(folder, location);
    const [low, high] = windowOf(run);
    const manifest = await openManifest(folder);
    try {
      const { rows } = await manifest.query(
        `SELECT patient_id, body_part, axis, contrast, body_part_score, axis_score, contrast_score,
           ${low} + tensor_mean / 255 * ${high - low} AS mean_hu, tensor_air_fraction AS air_fraction,
           tensor_saturated_fraction AS saturated_fraction, needs_review,
           coalesce('conflict' IN (body_part_agreement, axis_agreement, contrast_agreement), false) AS conflict,
           nullif(concat_ws(' ', manufacturer, manufacturer_model_name), '') AS scanner
         FROM series WHERE disposition = 'kept' AND body_part IS NOT NULL ORDER BY series_unit`,
      );
      return { run, units: rows as unknown as DriftUnit[] };
    } finally {
      await manifest.close();
    }
  });
}

/** What else tells the runs apart, and may be why something moved. */
function listNotes(first: RunDocument, second: RunDocument): string[] {
  const notes: string[] = [];
  const bundles = [first, second].map(({ bundle }) => `${bundle.name}@${bundle.version}`);
  if (first.bundle.sha256 !== second.bundle.sha256)
    notes.push(
      `The bundles differ (${bundles.join(', ')}): labels and scores may have moved for that reason alone.`,
    );
  if (String(windowOf(first)) !== String(windowOf(second)))
    notes.push('The windows differ, so Hounsfield units are not compared.');
  return notes;
}

function renderDrift({ measures, left_out: leftOut, units }: Drift): string {
  const rows = measures.map((measure) => [
    measure.name,
    ...describeShift(measure),
    measure.effect.toFixed(3),
    measure.p_adjusted < 0.001 ? '< 0.001' : measure.p_adjusted.toFixed(3),
    measure.drifts ? 'DRIFT' : '',
  ]);
  const table = renderTable(['measure', 'A', 'B', 'difference', 'p', ''], rows);
  const counts = `${formatCount(units.first)} labelled series units in A, ${formatCount(units.second)} in B`;
  return [counts, table, ...(leftOut.length === 0 ? [] : [`Not known in both: ${leftOut.join(', ')}`])].join(
    '\n',
  );
}

/** The value whose share moved most, or the medians. */
function describeShift({ shift, name }: DriftMeasure): [string, string] {
  if (shift.kind === 'distribution') {
    const show = (value: number) => (name === 'mean_hu' ? `${value.toFixed(0)} HU` : value.toFixed(3));
    return [`median ${show(shift.first[1])}`, show(shift.second[1])];
  }
  const isRate = shift.values.every(({ value }) => value === 'true' || value === 'false');
  const most = isRate ? shift.values.find(({ value }) => value === 'true') : shift.values[0];
  if (most === undefined) return ['0.0 %', '0.0 %'];
  return [
    `${isRate ? '' : `${most.value} `}${formatPercent(most.first)} %`,
    `${formatPercent(most.second)} %`,
  ];
}

/** @throws CliError 1 where something drifts */
function refuseDrift({ measures }: Drift): void {
  const drifting = measures.filter(({ drifts }) => drifts);
  if (drifting.length === 0) return;
  const names = drifting.map(({ name }) => name).join(', ');
  throw new CliError(`${drifting.length} of ${measures.length} measures drift: ${names}.`, 1);
}
