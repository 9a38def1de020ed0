import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { contextWithoutRun } from '../../activities/context.ts';
import { StageFailure } from '../../activities/failures.ts';
import { sourceFailureOf } from '../../activities/retrieve.ts';
import { openSource } from '../../activities/sources/open-source.ts';
import { defaultStateLocation, openState } from '../../activities/store/state.ts';
import { listBundles } from '../../models/bundle.ts';
import { describeProviders } from '../../models/providers.ts';
import { isRetrieved } from '../../pipelines/source-kinds.ts';
import { clusterFromEnvironment, connectClient } from '../../workers/cluster.ts';
import { findServer } from '../../workers/find-server.ts';
import { availableCores } from '../../workers/machine.ts';
import { packageRoot } from '../../workers/package-root.ts';
import { payloadKeysFromEnvironment } from '../../workers/payload-codec.ts';
import { CliError } from '../exit.ts';
import { loadDeidentification } from '../load-pipeline.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';
import { findTrainingPython, INSTALL_TORCH } from '../training/python.ts';

/** Longer than this nobody waits for an echo. */
const ECHO_MS = 30_000;

/** One thing that a run needs, or could use. */
interface Finding {
  what: string;
  state: 'ok' | 'missing' | 'optional';
  detail: string;
  /** How to mend it. */
  mend: string | null;
}

export function registerDoctor(program: Command): void {
  withStateOption(
    program
      .command('doctor')
      .summary('what is installed, what a run would use, and how to mend what is missing')
      .option('--pipeline <file>', 'ask the source of this pipeline whether it answers (echo)')
      .option('--json', 'print one JSON document on standard output'),
  ).action(async (options: { state?: string; pipeline?: string; json?: boolean }) => {
    const findings = [
      checkNode(),
      checkMachine(),
      checkBuild(),
      checkState(options.state ?? defaultStateLocation()),
      await checkServer(),
      checkPayloadKeys(),
      ...checkProviders(),
      ...(await checkBundles()),
      checkPython(),
      checkTraining(),
      ...(options.pipeline === undefined ? [] : [await checkSource(options.pipeline, options.state)]),
    ];
    const broken = findings.filter((finding) => finding.state === 'missing');
    if (options.json) printJson({ usable: broken.length === 0, findings });
    else {
      const marks = { ok: 'ok', missing: 'MISSING', optional: '-' };
      const rows = findings.map(({ what, state, detail, mend }) => [
        what,
        marks[state],
        mend === null ? detail : `${detail} -> ${mend}`,
      ]);
      process.stdout.write(`${renderTable(['', '', ''], rows)}\n`);
    }
    if (broken.length > 0)
      throw new CliError(`A run is not possible yet: ${broken.map(({ what }) => what).join(', ')}.`, 3);
  });
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > 20 || (major === 20 && minor >= 19);
  return {
    what: 'Node.js',
    state: isNew ? 'ok' : 'missing',
    detail: process.version,
    mend: isNew ? null : 'install Node.js 20.19 or newer',
  };
}

function checkMachine(): Finding {
  const gigabytes = (os.totalmem() / 2 ** 30).toFixed(0);
  return {
    what: 'machine',
    state: 'ok',
    detail: `${availableCores()} cores, ${gigabytes} GiB, ${process.platform} ${process.arch}`,
    mend: null,
  };
}

function checkBuild(): Finding {
  const there = fs.existsSync(path.join(packageRoot(), 'dist/workflows/bundle.js'));
  return {
    what: 'build',
    state: there ? 'ok' : 'missing',
    detail: there ? 'dist/' : 'not built',
    mend: there ? null : 'npm run setup',
  };
}

function checkState(folder: string): Finding {
  try {
    openState(folder);
    const key =
      process.env.SERIESWISE_KEY_FILE === undefined ? 'key in the folder' : 'key from SERIESWISE_KEY_FILE';
    return { what: 'state folder', state: 'ok', detail: `${folder}, ${key}`, mend: null };
  } catch (error) {
    const message = error instanceof StageFailure ? error.message : 'not usable';
    return { what: 'state folder', state: 'missing', detail: folder, mend: message };
  }
}

async function checkServer(): Promise<Finding> {
  const cluster = clusterFromEnvironment();
  if (cluster !== null) {
    try {
      const client = await connectClient(cluster);
      await client.connection.close();
      return {
        what: 'Temporal',
        state: 'ok',
        detail: `cluster at ${cluster.address}, namespace ${cluster.namespace}`,
        mend: null,
      };
    } catch {
      return {
        what: 'Temporal',
        state: 'missing',
        detail: `no answer from ${cluster.address}`,
        mend: 'check TEMPORAL_ADDRESS, TLS and API key, or unset it',
      };
    }
  }
  const found = await findServer();
  if (found !== null)
    return {
      what: 'Temporal',
      state: 'ok',
      detail: `dev server ${found.executable} (${found.how})`,
      mend: null,
    };
  return {
    what: 'Temporal',
    state: 'optional',
    detail: 'no dev server yet',
    mend: 'the next run installs it',
  };
}

/** Whether what a cluster keeps is encrypted. */
function checkPayloadKeys(): Finding {
  const what = 'payload codec';
  try {
    const keys = payloadKeysFromEnvironment();
    if (keys === null)
      return { what, state: 'optional', detail: 'off (SERIESWISE_PAYLOAD_KEY_FILE is not set)', mend: null };
    const others = keys.length === 1 ? '' : `, and ${keys.length - 1} older`;
    return { what, state: 'ok', detail: `AES-256-GCM, key ${keys[0]!.id}${others}`, mend: null };
  } catch (error) {
    const mend = error instanceof StageFailure ? error.message : 'not usable';
    return { what, state: 'missing', detail: 'SERIESWISE_PAYLOAD_KEY_FILE', mend };
  }
}

function checkProviders(): Finding[] {
  const providers = describeProviders();
  return providers.map(({ name, available: usable, detail }) => ({
    what: `ONNX Runtime ${name}`,
    state: usable ? 'ok' : name === 'cpu' ? 'missing' : 'optional',
    detail,
    mend: usable || name !== 'cpu' ? null : 'npm run setup',
  }));
}

async function checkBundles(): Promise<Finding[]> {
  const bundles = await listBundles();
  if (bundles.length === 0)
    return [
      {
        what: 'model bundles',
        state: 'missing',
        detail: 'none',
        mend: 'restore models/bundles from the repository',
      },
    ];
  return bundles.map(({ name, bundle, error }) => ({
    what: `bundle ${name}`,
    state: bundle === null ? 'missing' : 'ok',
    detail: bundle === null ? (error?.message ?? '') : `${bundle.version}, digests match`,
    mend: bundle === null ? 'restore it from its source' : null,
  }));
}

/** C-ECHO, or a search by QIDO-RS that finds nothing. */
async function checkSource(file: string, stateFolder: string | undefined): Promise<Finding> {
  const what = 'source';
  const pipeline = await loadDeidentification(file);
  const { source: spec } = pipeline;
  if (!isRetrieved(spec)) return { what, state: 'ok', detail: spec.type, mend: null };
  const state = openStateOrExit(stateFolder);
  try {
    const source = openSource(spec, await contextWithoutRun(state));
    try {
      await source.echo(AbortSignal.timeout(ECHO_MS));
      return { what, state: 'ok', detail: `${spec.type} answers`, mend: null };
    } finally {
      await source.close();
    }
  } catch (error) {
    const failure = sourceFailureOf(error);
    const mend = failure instanceof StageFailure ? failure.message : 'no answer in time';
    return { what, state: 'missing', detail: `${spec.type} does not answer`, mend };
  }
}

/** Only `train` needs it. */
function checkTraining(): Finding {
  const python = findTrainingPython();
  return {
    what: 'training',
    state: python === null ? 'optional' : 'ok',
    detail: python === null ? 'no Python with torch and numpy' : `torch of ${python}`,
    mend: python === null ? INSTALL_TORCH : null,
  };
}

/** Only the tests' judges need it. */
function checkPython(): Finding {
  try {
    const version = execFileSync('python3', ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim();
    return { what: 'Python', state: 'ok', detail: `${version} (tests)`, mend: null };
  } catch {
    return {
      what: 'Python',
      state: 'optional',
      detail: 'not found (tests)',
      mend: 'install Python 3.9 or newer',
    };
  }
}
