import type { Command } from 'commander';
import { contextWithoutRun, createStageContext } from '../../activities/context.ts';
import { StageFailure } from '../../activities/failures.ts';
import { type Forecast, forecastRun } from '../../activities/plan.ts';
import { type Redo, RedoPlan } from '../../activities/plan-redo.ts';
import { forecastRetrieval } from '../../activities/plan-retrieval.ts';
import { loadPlugins } from '../../activities/plugins.ts';
import { openSource } from '../../activities/sources/open-source.ts';
import { runKeyOf } from '../../activities/store/run-files.ts';
import { SourceReader } from '../../activities/store/sources.ts';
import type { State } from '../../activities/store/state.ts';
import type { Bundle } from '../../models/bundle.ts';
import type { Pipeline } from '../../pipelines/schema.ts';
import { isRetrieved } from '../../pipelines/source-kinds.ts';
import { resolveProfile } from '../../stages/deidentify/profile.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { dispositionOf, type Reason } from '../../stages/reasons.ts';
import { availableCores } from '../../workers/machine.ts';
import { CliError } from '../exit.ts';
import { loadRunnablePipeline, type RunnablePipeline } from '../load-pipeline.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';
import { locationOrExit, openInputOrExit, resolveInput } from './run.ts';

/**
 * Core seconds that a run of the shipped pipeline costs, for the forecast: de-identification by bytes and by file,
 * preprocessing by unit, the starter bundle by unit (bench/ measures them; other bundles take longer).
 */
const COST = { perMegabyte: 0.004, perFile: 0.001, perUnit: 0.6, start: 3 };

export function registerPlan(program: Command): void {
  withStateOption(
    program
      .command('plan')
      .summary('what a run would do, from headers alone')
      .description(
        'Reads headers only and writes nothing to any output: counts by disposition and reason, bytes, a forecast of time.',
      )
      .argument('<pipeline.yaml>', 'the pipeline spec')
      .option(
        '--input <path>',
        'folder or archive with the source files; of a PACS, the list of studies (CSV)',
      )
      .option('--output <place>', 'output of an earlier run: tells too what would be done again, and why')
      .option(
        '--set <a.b=value>',
        'override a field of the spec (repeatable)',
        (value: string, all: string[]) => [...all, value],
        [],
      )
      .option('--json', 'print one JSON document on standard output'),
  ).action(
    async (
      file: string,
      options: { input?: string; output?: string; set: string[]; state?: string; json?: boolean },
    ) => {
      const loaded = await loadRunnablePipeline(file, options.set);
      const { pipeline, bundle } = loaded;
      const place = await resolveInput(options.input, pipeline.source);
      const state = openStateOrExit(options.state);
      if (isRetrieved(pipeline.source)) {
        if (options.output !== undefined)
          throw new CliError('--output: only a PACS knows what is new there.', 2);
        await planPacs(pipeline, place, state, options.json === true);
        return;
      }
      const started = process.hrtime.bigint();
      const redoPlan =
        options.output === undefined
          ? null
          : await openRedoPlan(locationOrExit(options.output), state, pipeline, bundle);
      const forecast = await forecastFiles(place, state, loaded, redoPlan);
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const runSeconds = forecastSeconds(forecast);
      if (options.json)
        printJson({
          ...forecast,
          headerSeconds: seconds,
          forecastSeconds: runSeconds,
          cores: availableCores(),
        });
      else print(forecast, runSeconds);
    },
  );
}

/** Reads the headers of an input. @param place as `resolveInput` gives it */
export async function forecastFiles(
  place: string,
  state: State,
  { pipeline, plugins: code }: Pick<RunnablePipeline, 'pipeline' | 'plugins'>,
  redoPlan: RedoPlan | null,
): Promise<Forecast> {
  const input = await openInputOrExit(place);
  const reader = new SourceReader({ input, spooled: () => null });
  const profile = resolveProfile(pipeline.deidentify);
  const pseudonymizer = createPseudonymizer(state.key, { retainUids: profile.retainsUids });
  try {
    const plugins = await loadPlugins(pipeline.plugins, code);
    const options = { input, pipeline, profile, plugins, pseudonymizer };
    return await forecastRun(options, (entry, maxBytes) => reader.read(entry, maxBytes), redoPlan);
  } finally {
    reader.close();
  }
}

/** @throws CliError 2 for what is no output of a run, or of one that this state does not know */
export async function openRedoPlan(
  output: string,
  state: State,
  pipeline: Pipeline,
  bundle: Bundle,
): Promise<RedoPlan> {
  const last = await withOutputView(output, 'document', async ({ folder }) =>
    requireRunDocument(folder, output),
  );
  // The state has the plugins of the last run alone; what is held to it needs none.
  const { plugins: _plugins, ...plain } = pipeline;
  const context = await createStageContext(state, runKeyOf(state, output), plain).catch((error: unknown) => {
    if (error instanceof StageFailure && error.code === 'run-unknown')
      throw new CliError(`${error.message} Name the state folder of the run with --state.`, 2);
    throw error;
  });
  const { pipeline: before, bundle: labelledBy, step_versions: stepVersions } = last;
  return RedoPlan.open(
    { ...context, pipeline },
    { pipeline: before, bundleSha256: labelledBy.sha256, stepVersions },
    bundle.sha256,
  );
}

/** Asks the PACS for counts; no instance is retrieved. */
async function planPacs(pipeline: Pipeline, inputPath: string, state: State, json: boolean): Promise<void> {
  const { source: spec } = pipeline;
  if (!isRetrieved(spec)) return;
  // No run: the context only tells where an inbox lies.
  const context = await contextWithoutRun(state);
  const source = openSource(spec, context);
  try {
    const forecast = await forecastRetrieval(source, spec, inputPath, new AbortController().signal);
    if (json) return printJson(forecast);
    const { requests, notFound, studies, modalities } = forecast;
    process.stdout.write(
      `${requests} requests, ${studies} studies found, ${notFound} requests without one\n`,
    );
    const rows = Object.entries(modalities).map(([name, { series, instances, wanted }]) => [
      name,
      series,
      instances,
      wanted ? '' : 'not wanted',
    ]);
    process.stdout.write(`${renderTable(['modality', 'series', 'instances', ''], rows)}\n`);
    process.stdout.write('Counts are those that the source announces; nothing was retrieved.\n');
  } finally {
    await source.close();
  }
}

function forecastSeconds(forecast: Forecast): number {
  const { redo } = forecast;
  const units = Math.max(redo?.preprocess.again ?? 0, redo?.classify.again ?? 0);
  const work =
    ((redo?.bytes ?? forecast.bytes) / 1e6) * COST.perMegabyte +
    (redo?.deidentify.again ?? forecast.files) * COST.perFile +
    (redo === undefined ? (forecast.series.kept ?? 0) : units) * COST.perUnit;
  return COST.start + work / availableCores();
}

function renderRedo(redo: Redo): string {
  const stages = [
    ['deidentify', 'files'],
    ['preprocess', 'units'],
    ['classify', 'units'],
    ['publish', 'units'],
  ] as const;
  const rows = stages.map(([stage, what]) => {
    const { of, again, reasons } = redo[stage];
    const why = Object.entries(reasons).map(([reason, number]) => `${reason} ${number}`);
    return [`${stage}, ${what}`, again, of, why.join(', ')];
  });
  const gone = redo.gone === 0 ? '' : `\n${redo.gone} files of the last run are gone, and their rows go.`;
  return `${renderTable(['done again', '', 'of', 'why'], rows)}${gone}`;
}

function print(forecast: Forecast, seconds: number): void {
  const out = (text: string) => process.stdout.write(`${text}\n`);
  const rows = (counts: Record<string, number>, reasons: Record<string, number>) =>
    Object.entries(counts).map(([disposition, count]) => [
      disposition,
      count,
      Object.entries(reasons)
        .filter(([reason]) => dispositionOf(reason as Reason) === disposition)
        .sort((a, b) => b[1] - a[1])
        .map(([reason, number]) => `${reason} ${number}`)
        .join(', '),
    ]);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  out(`${forecast.files} source files, ${megabytes(forecast.bytes)}, ${forecast.archives} archives opened`);
  out(renderTable(['files', '', 'why'], rows(forecast.instances, forecast.instanceReasons)));
  out('');
  out(renderTable(['series units', '', 'why'], rows(forecast.series, forecast.seriesReasons)));
  if (forecast.redo !== undefined) out(`\n${renderRedo(forecast.redo)}`);
  out(`\nTo be published: ${forecast.keptSlices} instances, ${megabytes(forecast.keptBytes)}.`);
  out(
    `Forecast: about ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`} on ${availableCores()} cores.`,
  );
  out('Pixels were not read: conflicting copies, damaged pixels and burned-in text show in the run.');
}
