import type { Command } from 'commander';
import type { Metrics } from '../workers/metrics.ts';
import type { MetricsAddress } from '../workers/metrics-server.ts';
import { CliError } from './exit.ts';
import { say } from './settings.ts';

/** Adds `--metrics`, for commands whose process works. */
export function withMetricsOption(command: Command): Command {
  return command.option(
    '--metrics <[host:]port>',
    'serve metrics for Prometheus at /metrics (host: 127.0.0.1 unless given)',
  );
}

/**
 * Serves the metrics of `--metrics`, and says where.
 * @returns undefined without the option
 * @throws CliError 2 for what is no address; StageFailure `metrics-port-busy`
 */
export async function openMetricsOrExit(
  option: string | undefined,
  provider: 'cpu' | 'cuda',
): Promise<Metrics | undefined> {
  if (option === undefined) return undefined;
  const address = parseMetricsAddress(option);
  const { startMetrics } = await import('../workers/metrics.ts');
  const metrics = await startMetrics(address, provider);
  say(`Metrics: ${metrics.url}`);
  return metrics;
}

function parseMetricsAddress(text: string): MetricsAddress {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new CliError(`--metrics ${text}: use PORT or HOST:PORT.`, 2);
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
