// The whole pipeline, from an archive to files and tables: `serieswise run` and a script.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { agreeOn } from '../harness/participants.mjs';
import { root } from '../harness/paths.mjs';
import { peerEnvironment, peerPython } from '../harness/peers.mjs';
import { makeSource } from '../harness/sources.mjs';
import { startCommand } from '../harness/tools.mjs';

const STAGE = 'whole pipeline';
const BUNDLE = path.join(root, 'models/bundles/starter');
const PLAIN_LOOP = {
  name: 'the same stages in a plain loop',
  role: 'limit',
  note: 'one process, without Temporal',
};
const ORCHESTRATION = 'orchestration at most 5% of a run of real series';
const WHERE_ASKED = 'asked of 100 series of 100 slices or more';

/** The shipped pipeline without thumbnails, which the script does not make either. */
function writePipeline(work, bundle) {
  const file = path.join(work, `${path.basename(bundle)}.yaml`);
  fs.writeFileSync(
    file,
    `name: bench\nclassify: { bundle: ${JSON.stringify(bundle)} }\npublish: { thumbnails: false }\n`,
  );
  return file;
}

/** What the tables under `target` say: kept slices, kept series, and how often each label was given. */
async function readTables(target) {
  const connection = await (await DuckDBInstance.create()).connect();
  const ask = async (table, sql) => {
    const files = path.join(target, 'output/manifest', table, '*.parquet');
    const from = `read_parquet('${files.replaceAll("'", "''")}')`;
    return (await connection.runAndReadAll(sql.replace(table, from))).getRowsJson();
  };
  try {
    const slices = await ask('instances', "SELECT count(*) FROM instances WHERE disposition = 'kept'");
    const series = await ask('series', "SELECT count(*) FROM series WHERE disposition = 'kept'");
    const told = { slices: Number(slices[0][0]), series: Number(series[0][0]) };
    if (!fs.existsSync(path.join(target, 'output/manifest/labels'))) return told;
    const labels = await ask(
      'labels',
      'SELECT task, label, count(*)::INTEGER FROM labels GROUP BY ALL ORDER BY ALL',
    );
    return { ...told, labels };
  } finally {
    connection.closeSync();
  }
}

export async function wholeRows({ work, isLong }) {
  const shape = isLong ? { series: 100, slices: 100, scale: 4 } : { series: 12, slices: 60, scale: 2 };
  const { source } = await makeSource(work, shape);
  const { source: least } = await makeSource(work, { series: 1, slices: 5, scale: 1 });
  const sources = { source, least };
  const cores = availableParallelism();
  const noNetwork = path.join(work, 'no-network');
  execFileSync(peerPython, [path.join(root, 'bench/peers/no_network.py'), BUNDLE, noNetwork]);
  const { TEMPORAL_ADDRESS: _, ...env } = process.env;

  return [
    { bundle: BUNDLE, script: BUNDLE, how: 'with inference', atLeast: 2 },
    { bundle: noNetwork, script: '-', how: 'without inference', atLeast: 4 },
  ].map(({ bundle, script, how, atLeast }) => {
    const pipeline = writePipeline(work, bundle);
    const ours = ({ source, target }) => [
      ...[process.execPath, path.join(root, 'bin/serieswise'), 'run', pipeline, '--input', source],
      ...['--output', path.join(target, 'output'), '--state', path.join(target, 'state')],
      ...['--concurrency', String(cores), '--no-report', '--json'],
    ];
    const loop = ({ source, target }) => [
      ...[process.execPath, path.join(root, 'bench/orchestration-loop.mjs'), pipeline, source],
      ...[path.join(target, 'output'), path.join(target, 'state'), String(cores)],
    ];
    const python = ({ source, target }) => [
      ...[peerPython, path.join(root, 'bench/peers/whole_pipeline.py'), source, path.join(target, 'output')],
      ...[String(cores), script],
    ];
    const start = (commandOf, environment) => () =>
      startCommand(commandOf, sources, { env: environment, readResult: readTables });
    const aim = `whole pipeline ${how} ${atLeast} times as fast as the script (${WHERE_ASKED})`;
    const check = agreeOn('slices', 'series');
    return {
      stage: STAGE,
      work: `${shape.series} series of ${shape.slices} slices of ${128 * shape.scale}², ${how}, ${cores} cores`,
      // Each round begins anew: what is warm is the cache of files, and the runs that tell the start-up warm that.
      warmUp: 1,
      tools: [
        {
          ...{ name: 'serieswise run', role: 'ours', start: start(ours, env) },
          note: 'durable: resumes where it was killed; digests of every file, search for text in pixels, review reasons',
        },
        {
          ...{ name: 'Python script', role: 'peer', start: start(python, peerEnvironment()) },
          note: `multiprocessing, ${cores} processes; no digest, no resumption, does not look for text`,
        },
        // Temporal costs the same without inference.
        ...(script === '-' ? [] : [{ ...PLAIN_LOOP, start: start(loop, env) }]),
      ],
      check: (results) => {
        const counts = check(results);
        return script === '-' ? counts : `${counts}; ${agreeOn('labels')(results)}`;
      },
      why:
        'of the CPU time of the plain loop a third each goes to de-identification, preprocess and classification, of ' +
        'which the network is a third. Each series gets what the script leaves out (does it look like what the network ' +
        'learned from, does it show a head, is there text in it), and each file two digests and a flush; and 720 files ' +
        'are few for code that V8 compiles as it runs. Start-up is the Temporal server, its SDK and their modules.',
      aims: [
        { aim, of: 'Python script', key: 'cpuWithoutStartUp', atLeast },
        ...(script === '-'
          ? []
          : [{ aim: ORCHESTRATION, of: PLAIN_LOOP.name, key: 'cpuWithoutStartUp', atLeast: 1 / 1.05 }]),
      ],
    };
  });
}
