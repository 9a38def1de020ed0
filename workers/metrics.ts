/**
 * Metrics for Prometheus: the house's own, and those of the process. Labels are names of the program, dispositions and
 * codes of failures, closed vocabularies all; nothing of the source, no key and no pseudonym gets in. Loaded when
 * metrics are asked for.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StageResult } from '../activities/stages.ts';
import type { Classifier } from '../models/classifier.ts';
import { type MetricsAddress, type MetricsServer, serveMetrics } from './metrics-server.ts';
import type { ActivityObserver } from './observe-activities.ts';
import { productVersion } from './package-root.ts';

export interface Metrics {
  /** Where they can be read. */
  url: string;
  observer: ActivityObserver;
  /** Counts what a classifier does, and the time in which it has something to do. */
  watchClassifier(classifier: Classifier): Classifier;
  /** @param countWaiting how many activities wait in a task queue, asked at each scrape; null when nobody tells */
  watchQueues(countWaiting: (queue: 'cpu' | 'gpu') => Promise<number | null>): void;
  close(): Promise<void>;
}

/** Activities take from milliseconds (a batch that is unchanged) to many minutes (a listing of millions of files). */
const SECONDS_BUCKETS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000];
const DISPOSITIONS = ['kept', 'excluded', 'duplicate', 'quarantined', 'unreadable'] as const;

/**
 * Starts to serve this process's metrics.
 * @param provider the execution provider of this process's classifiers
 * @throws StageFailure `metrics-port-busy`
 */
export async function startMetrics(address: MetricsAddress, provider: 'cpu' | 'cuda'): Promise<Metrics> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: 'serieswise_build_info',
    help: '1, with the version of the program.',
    labelNames: ['version'],
    registers,
  }).set({ version: productVersion() }, 1);
  const watchQueues = declareQueueDepth(registers);
  const watchClassifier = declareClassifier(registers, provider);
  const observer = observeWith(declareActivities(registers));
  const server: MetricsServer = await serveMetrics(address, registry);
  return { url: server.url, observer, watchClassifier, watchQueues, close: () => server.close() };
}

function declareActivities(registers: Registry[]) {
  const byDisposition = (name: string, help: string) => {
    const counter = new Counter({ name, help, labelNames: ['disposition'], registers });
    for (const disposition of DISPOSITIONS) counter.inc({ disposition }, 0);
    return counter;
  };
  const again = 'A batch that is published again, after a lost answer or in a later run, counts again.';
  const labelNames = ['stage', 'activity'] as const;
  return {
    files: byDisposition(
      'serieswise_files_total',
      `Source files in batches that this process published. ${again}`,
    ),
    bytes: byDisposition(
      'serieswise_bytes_total',
      `Bytes of source files in batches that this process published. ${again}`,
    ),
    series: byDisposition(
      'serieswise_series_total',
      `Series units in batches that this process published. ${again}`,
    ),
    unchanged: new Counter({
      name: 'serieswise_unchanged_batches_total',
      help: 'Batches with nothing to do again; none of their files and series are counted.',
      registers,
    }),
    seconds: new Histogram({
      name: 'serieswise_stage_seconds',
      help: 'Duration of attempts at activities.',
      labelNames,
      buckets: SECONDS_BUCKETS,
      registers,
    }),
    waited: new Histogram({
      name: 'serieswise_queue_wait_seconds',
      help: 'From when an attempt at an activity could have begun to when it did.',
      labelNames: ['queue'],
      buckets: SECONDS_BUCKETS,
      registers,
    }),
    open: new Gauge({
      name: 'serieswise_open_activities',
      help: 'Activities that this process works on.',
      labelNames,
      registers,
    }),
    retries: new Counter({
      name: 'serieswise_activity_retries_total',
      help: 'Attempts after the first: after failures, and after the loss of a worker.',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'serieswise_activity_failures_total',
      help: 'Attempts that failed or were cancelled; final ones are not made again.',
      labelNames: [...labelNames, 'code', 'final'],
      registers,
    }),
  };
}

function observeWith(metrics: ReturnType<typeof declareActivities>): ActivityObserver {
  return {
    started({ stage, activity, queue, attempt, waitedSeconds }) {
      metrics.open.inc({ stage, activity });
      metrics.waited.observe({ queue }, waitedSeconds);
      if (attempt > 1) metrics.retries.inc({ stage, activity });
    },
    ended({ stage, activity }, end) {
      metrics.open.dec({ stage, activity });
      metrics.seconds.observe({ stage, activity }, end.seconds);
      if (!end.ok) {
        metrics.failures.inc({ stage, activity, code: end.code, final: String(end.isFinal) });
      } else if (activity === 'publishBatch') {
        const { instances, sourceBytes, series } = end.result as StageResult<'publishBatch'>;
        add(metrics.files, instances);
        add(metrics.bytes, sourceBytes);
        add(metrics.series, series);
      } else if (activity === 'deidentifyBatch') {
        if ((end.result as StageResult<'deidentifyBatch'>).unchanged) metrics.unchanged.inc();
      }
    },
  };
}

function add(counter: Counter<'disposition'>, counts: Record<string, number>): void {
  for (const [disposition, count] of Object.entries(counts)) counter.inc({ disposition }, count);
}

function declareQueueDepth(registers: Registry[]): Metrics['watchQueues'] {
  let countWaiting: Parameters<Metrics['watchQueues']>[0] = async () => null;
  new Gauge({
    name: 'serieswise_queue_depth',
    help: 'Activities that wait for a worker, as the server counts them; every worker tells the same of all queues.',
    labelNames: ['queue'],
    registers,
    async collect() {
      const ask = async (queue: 'cpu' | 'gpu') => {
        const count = await countWaiting(queue).catch(() => null);
        if (count === null) this.remove({ queue });
        else this.set({ queue }, count);
      };
      await Promise.all([ask('cpu'), ask('gpu')]);
    },
  });
  return (ask) => {
    countWaiting = ask;
  };
}

function declareClassifier(registers: Registry[], provider: string): Metrics['watchClassifier'] {
  const classified = new Counter({
    name: 'serieswise_classified_units_total',
    help: 'Series units that went through the networks.',
    labelNames: ['provider'],
    registers,
  });
  let open = 0;
  let since = performance.now();
  const settle = () => {
    const now = performance.now();
    if (open > 0) busy.inc({ provider }, (now - since) / 1000);
    since = now;
  };
  const busy = new Counter({
    name: 'serieswise_classifier_busy_seconds_total',
    help: 'Time in which a classifier had something to do, loading excepted; its rate is the share of the time.',
    labelNames: ['provider'],
    registers,
    // A scrape amid a long call sees what has passed of it.
    collect: settle,
  });
  return (classifier) => {
    busy.inc({ provider }, 0);
    return {
      provider: classifier.provider,
      bundle: classifier.bundle,
      get batchSize() {
        return classifier.batchSize;
      },
      async classify(tensor) {
        settle();
        open += 1;
        try {
          const predictions = await classifier.classify(tensor);
          classified.inc({ provider });
          return predictions;
        } finally {
          settle();
          open -= 1;
        }
      },
      close: () => classifier.close(),
    };
  };
}
