import type { Command } from 'commander';
import { systemFailureOf } from '../activities/failures.ts';
import type { Log } from '../workers/log.ts';
import type { Metrics } from '../workers/metrics.ts';
import type { MetricsAddress } from '../workers/metrics-server.ts';
import type { ActivityObserver } from '../workers/observe-activities.ts';
import type { Tracing } from '../workers/tracing.ts';
import { CliError } from './exit.ts';
import { say } from './settings.ts';

/** As commands are given them. */
export interface TelemetryOptions {
  metrics?: string;
  log?: string;
}

/** What a process tells of its work; each part is undefined unless it was asked for. */
export interface Telemetry {
  metrics: Metrics | undefined;
  log: Log | undefined;
  tracing: Tracing | undefined;
  observers: readonly ActivityObserver[];
  close(): Promise<void>;
}

/** Adds `--metrics` and `--log`, for commands whose process works. */
export function withTelemetryOptions(command: Command): Command {
  return command
    .option(
      '--metrics <[host:]port>',
      'serve metrics for Prometheus at /metrics (host: 127.0.0.1 unless given)',
    )
    .option(
      '--log <file>',
      'add what happens to a file, one JSON object a line, nothing of the source in it',
    );
}

/**
 * Opens the log, serves the metrics and says where, and begins to send traces where OpenTelemetry's variables ask so. The libraries of what is not asked for are not loaded.
 * @throws CliError 3 for a log that cannot be opened; StageFailure `metrics-port-busy`
 */
export async function openTelemetryOrExit(
  address: MetricsAddress | undefined,
  logFile: string | undefined,
  provider: 'cpu' | 'cuda',
): Promise<Telemetry> {
  const log = logFile === undefined ? undefined : await openLogOrExit(logFile);
  let metrics: Metrics | undefined;
  if (address !== undefined) {
    const { startMetrics } = await import('../workers/metrics.ts');
    metrics = await startMetrics(address, provider);
    say(`Metrics: ${metrics.url}`);
  }
  const tracing = isTracingWanted() ? (await import('../workers/tracing.ts')).startTracing() : undefined;
  return {
    metrics,
    log,
    tracing,
    observers: [log, metrics, tracing].flatMap((part) => (part === undefined ? [] : [part.observer])),
    async close() {
      await tracing?.close();
      await metrics?.close();
      await log?.close();
    },
  };
}

/** Whether the standard's variables ask for traces. OpenTelemetry specification, environment variables */
function isTracingWanted(): boolean {
  const { OTEL_SDK_DISABLED: disabled, OTEL_TRACES_EXPORTER: exporter = 'otlp' } = process.env;
  if (disabled?.toLowerCase() === 'true' || exporter !== 'otlp') return false;
  return Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT || process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}

async function openLogOrExit(file: string): Promise<Log> {
  const { openLog } = await import('../workers/log.ts');
  try {
    return openLog(file);
  } catch (error) {
    const why = systemFailureOf(error)?.message ?? 'Its folder is missing, or it is no file.';
    throw new CliError(`The log ${file} cannot be written. ${why}`, 3);
  }
}

/** Reads `--metrics`. @throws CliError 2 for what is no address */
export function parseMetricsAddress(text: string | undefined): MetricsAddress | undefined {
  if (text === undefined) return undefined;
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new CliError(`--metrics ${text}: use PORT or HOST:PORT.`, 2);
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
