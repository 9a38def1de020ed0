import type { Command } from 'commander';
import { StageFailure, toStageFailure } from '../../activities/failures.ts';
import { clusterFromEnvironment, connectClient, type ServerAddress } from '../../workers/cluster.ts';
import { deploymentVersion, makeCurrent } from '../../workers/deployment.ts';
import { productVersion } from '../../workers/package-root.ts';
import { startWorkers, taskQueues } from '../../workers/temporal-worker.ts';
import { CliError } from '../exit.ts';
import { openStateOrExit, say, withStateOption } from '../settings.ts';
import {
  openTelemetryOrExit,
  parseMetricsAddress,
  type TelemetryOptions,
  withTelemetryOptions,
} from '../telemetry.ts';
import { parseConcurrency } from './run.ts';

interface WorkerCommandOptions extends TelemetryOptions {
  queues: string;
  state?: string;
  concurrency?: string;
  provider: string;
  versioned?: boolean;
  makeCurrent?: boolean;
}

export function registerWorker(program: Command): void {
  const command = withStateOption(
    program
      .command('worker')
      .summary('work for a shared Temporal cluster')
      .description(
        'A long-running worker for the cluster of TEMPORAL_ADDRESS. Workers of one cluster share the state folder\n' +
          '(or its copy on a shared file system), inputs and outputs. Stops after the steps under way on SIGTERM.',
      )
      .option('--queues <list>', 'cpu, gpu or both', 'cpu,gpu')
      .option('--concurrency <n>', 'steps at the same time (default: number of cores)')
      .option('--provider <name>', 'execution provider of ONNX Runtime: cpu or cuda', 'cpu')
      .option('--versioned', 'serve only runs that began with this build (Worker Deployments)')
      .option('--make-current', 'do not work: send new runs to the --versioned workers of this build'),
  );
  withTelemetryOptions(command).action(async (options: WorkerCommandOptions) => {
    const queues = options.queues.split(',').map((name) => name.trim());
    const valid = queues.filter((name): name is 'cpu' | 'gpu' => name === 'cpu' || name === 'gpu');
    if (valid.length !== queues.length)
      throw new CliError(`--queues ${options.queues}: use cpu, gpu or cpu,gpu.`, 2);
    if (options.provider !== 'cpu' && options.provider !== 'cuda')
      throw new CliError('--provider: use cpu or cuda.', 2);
    const cluster = clusterFromEnvironment();
    if (cluster === null) {
      throw new CliError('Set TEMPORAL_ADDRESS: a worker serves a cluster; `run` alone needs none.', 2);
    }
    if (options.makeCurrent === true) return makeBuildCurrent(cluster);
    const state = openStateOrExit(options.state);
    const threads = parseConcurrency(options.concurrency);
    const address = parseMetricsAddress(options.metrics);
    const telemetry = await openTelemetryOrExit(address, options.log, options.provider);
    const started = await startWorkers({
      ...cluster,
      state,
      queues: valid,
      threads,
      inferenceThreads: threads,
      provider: options.provider,
      isVersioned: options.versioned === true,
      observers: telemetry.observers,
      metrics: telemetry.metrics,
      tracing: telemetry.tracing,
    }).catch(refuseCluster);
    const names = valid.map((queue) => taskQueues()[queue]);
    say(`Working on ${names.join(' and ')}; stop with Ctrl-C.`);
    const { log } = telemetry;
    log?.write('info', 'worker-started', {
      version: productVersion(),
      queues: valid,
      provider: options.provider,
    });
    const stop = () => void started.stop().catch(() => {});
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    try {
      await started.ended;
      log?.write('info', 'worker-stopped');
    } catch (error) {
      log?.write('error', 'worker-stopped', { code: toStageFailure(error).code });
      throw error;
    } finally {
      await telemetry.close();
    }
  });
}

async function makeBuildCurrent(cluster: ServerAddress): Promise<void> {
  const client = await connectClient(cluster).catch(refuseCluster);
  try {
    await makeCurrent(client, cluster.namespace);
    const { deploymentName, buildId } = deploymentVersion();
    say(`New runs go to build ${buildId} of ${deploymentName}; runs under way stay with theirs.`);
  } finally {
    await client.connection.close();
  }
}

function refuseCluster(error: unknown): never {
  if (error instanceof StageFailure) throw error;
  throw new CliError(
    'The cluster of TEMPORAL_ADDRESS does not answer; check address, namespace, TLS and key.',
    3,
  );
}
