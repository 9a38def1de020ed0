import type { Command } from 'commander';
import { contextWithoutRun } from '../../activities/context.ts';
import { type Forecast, forecastRun } from '../../activities/plan.ts';
import { forecastRetrieval } from '../../activities/plan-retrieval.ts';
import { loadPlugins } from '../../activities/plugins.ts';
import { openSource } from '../../activities/sources/open-source.ts';
import { SourceReader } from '../../activities/store/sources.ts';
import type { State } from '../../activities/store/state.ts';
import type { Pipeline } from '../../pipelines/schema.ts';
import { isRetrieved } from '../../pipelines/source-kinds.ts';
import { resolveProfile } from '../../stages/deidentify/profile.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { dispositionOf, type Reason } from '../../stages/reasons.ts';
import { availableCores } from '../../workers/machine.ts';
import { loadRunnablePipeline } from '../load-pipeline.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';
import { openInputOrExit, resolveInput } from './run.ts';

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
      .option(
        '--set <a.b=value>',
        'override a field of the spec (repeatable)',
        (value: string, all: string[]) => [...all, value],
        [],
      )
      .option('--json', 'print one JSON document on standard output'),
  ).action(
    async (file: string, options: { input?: string; set: string[]; state?: string; json?: boolean }) => {
      const { pipeline, plugins } = await loadRunnablePipeline(file, options.set);
      const place = await resolveInput(options.input, pipeline.source);
      const state = openStateOrExit(options.state);
      if (isRetrieved(pipeline.source)) {
        await planPacs(pipeline, place, state, options.json === true);
        return;
      }
      const input = await openInputOrExit(place);
      const reader = new SourceReader({ input, spooled: () => null });
      const profile = resolveProfile(pipeline.deidentify);
      const started = process.hrtime.bigint();
      const forecast = await forecastRun(
        {
          input,
          pipeline,
          profile,
          plugins: await loadPlugins(pipeline.plugins, plugins),
          pseudonymizer: createPseudonymizer(state.key, { retainUids: profile.retainsUids }),
        },
        (entry, maxBytes) => reader.read(entry, maxBytes),
      );
      reader.close();
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
  const work =
    (forecast.bytes / 1e6) * COST.perMegabyte +
    forecast.files * COST.perFile +
    (forecast.series.kept ?? 0) * COST.perUnit;
  return COST.start + work / availableCores();
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
  out(`\nTo be published: ${forecast.keptSlices} instances, ${megabytes(forecast.keptBytes)}.`);
  out(
    `Forecast: about ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`} on ${availableCores()} cores.`,
  );
  out('Pixels were not read: conflicting copies, damaged pixels and burned-in text show in the run.');
}
