/** How far a review is, how readers agree, and what a sample shows. */
import { judgeSample, planSample } from '../../evaluation/acceptance-sampling.ts';
import { measureAgreement } from '../../evaluation/kappa.ts';
import { TASKS } from '../../models/labels.ts';
import type { AgreementRow, ProgressReply, QueueRequest, SampleReply } from './contracts.ts';
import type { ReviewQueue } from './queue.ts';
import { DISPUTED_SQL, orderOf, ownSql } from './queue-sql.ts';
import { groupRows } from './rows.ts';

/** Counts over the queue; agreement of readers for an adjudicator, or when the review is not blind any more. */
export async function readProgress(queue: ReviewQueue): Promise<ProgressReply> {
  const isAdjudicator = queue.who.role === 'adjudicator';
  const [counts] = await queue.ask(
    `SELECT (SELECT count(*) FROM queue) AS units,
       (SELECT count(DISTINCT series_unit) FROM standing) AS resolved,
       (SELECT count(*) FROM (${DISPUTED_SQL})) AS disputed,
       (SELECT count(DISTINCT series_unit) FROM standing WHERE action = 'exclude') AS excluded`,
  );
  const readers = await queue.ask(
    `SELECT d.reader, d.role, count(*) AS decided, count(*) FILTER (d.action = 'exclude') AS excluded,
       count(*) FILTER (d.body_part <> q.body_part OR d.axis <> q.axis OR d.contrast <> q.contrast) AS relabelled,
       median(d.reading_ms) / 1000 AS seconds
     FROM standing d JOIN queue q USING (series_unit) WHERE ${isAdjudicator ? 'true' : ownSql(queue.who)}
     GROUP BY d.reader, d.role ORDER BY d.role, d.reader`,
  );
  return {
    units: Number(counts?.units),
    resolved: Number(counts?.resolved),
    disputed: isAdjudicator ? Number(counts?.disputed) : 0,
    excluded: Number(counts?.excluded),
    readers: readers.map((row) => ({
      reader: String(row.reader),
      role: row.role as 'reader',
      decided: Number(row.decided),
      relabelled: Number(row.relabelled),
      excluded: Number(row.excluded),
      medianSeconds: row.seconds === null ? null : Number(row.seconds),
    })),
    agreement: isAdjudicator ? await readAgreement(queue) : [],
  };
}

/** Cohen's kappa for each two readers and task, on the units that both have labelled. */
async function readAgreement(queue: ReviewQueue): Promise<AgreementRow[]> {
  const found: AgreementRow[] = [];
  for (const task of TASKS) {
    const rows = await queue.ask(
      `SELECT a.reader AS first, b.reader AS second, a.${task} AS one, b.${task} AS other, count(*) AS n
       FROM standing a JOIN standing b USING (series_unit)
       WHERE a.role = 'reader' AND b.role = 'reader' AND a.reader < b.reader
         AND a.${task} IS NOT NULL AND b.${task} IS NOT NULL GROUP BY ALL`,
    );
    for (const [, group] of groupRows(rows, (row) => `${row.first} ${row.second}`)) {
      const pairs = group.flatMap((row) =>
        Array.from({ length: Number(row.n) }, (): [string, string] => [String(row.one), String(row.other)]),
      );
      const { units, observed, kappa, low, high } = measureAgreement(pairs);
      const [{ first, second }] = group as [(typeof group)[number]];
      found.push({ first: String(first), second: String(second), task, units, observed, kappa, low, high });
    }
  }
  return found;
}

/**
 * Plans a sample of what the filters leave, and says what the part of it that is read shows. A unit counts as an error
 * when this reviewer gave it another label in any task, or excluded it.
 */
export async function readSample(
  queue: ReviewQueue,
  request: QueueRequest,
  plan: { errorRate: number; confidence: number; allowedErrors: number },
): Promise<SampleReply> {
  const everything: QueueRequest = { ...request, state: 'all', sample: 0 };
  const { sql, values } = queue.selectionSql(everything);
  const [counted] = await queue.ask(`SELECT count(*) AS n ${sql}`, values);
  const population = Number(counted?.n);
  const needed = planSample(population, plan.errorRate, plan.confidence, plan.allowedErrors);
  const [found] = await queue.ask(
    `SELECT count(*) FILTER (decided) AS read, count(*) FILTER (decided AND wrong) AS errors FROM (
       SELECT d.review IS NOT NULL AS decided, d.action = 'exclude' OR d.body_part <> q.body_part
         OR d.axis <> q.axis OR d.contrast <> q.contrast AS wrong
       ${sql} ORDER BY ${orderOf(everything)} LIMIT ${needed ?? 0})`,
    values,
  );
  const [read, errors] = [Number(found?.read), Number(found?.errors)];
  if (read === 0) {
    return {
      ...{ population, needed, read, errors },
      ...{ mostErrorRate: null, low: null, high: null, shown: false },
    };
  }
  const { mostErrorRate, low, high } = judgeSample(population, read, errors, plan.confidence);
  const shown = needed !== null && read >= needed && errors <= plan.allowedErrors;
  return { population, needed, read, errors, mostErrorRate, low, high, shown };
}
