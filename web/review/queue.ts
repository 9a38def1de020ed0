/** The review's state: the queue in DuckDB, decisions on disk. */
import fs from 'node:fs';
import path from 'node:path';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import type { ReviewRow } from '../../manifest/schema.ts';
import type { JsonValue } from '../../manifest/values.ts';
import { LABELS, TASKS } from '../../models/labels.ts';
import {
  type Decision,
  type DecisionReply,
  type DecisionRequest,
  FACETS,
  type FacetValue,
  type QueueItem,
  type QueueReply,
  type QueueRequest,
} from './contracts.ts';
import {
  conditionOf,
  orderOf,
  ownSql,
  QUEUE_TABLE_SQL,
  RESTAND_SQL,
  REVIEW_TABLES_SQL,
  SECOND_LABELS_SQL,
} from './queue-sql.ts';
import { fileStemOf, REVIEWS_FOLDER, type Reviewer, ReviewStore } from './review-store.ts';
import { decisionOf, groupRows, itemOf } from './rows.ts';

type Row = Record<string, JsonValue>;

/** Orders that stay readable: a page that was left open in another tab keeps its own. */
const SNAPSHOTS_KEPT = 6;

const MAX_PAGE = 500;

/** A unit that the queue does not have, or a request that makes no sense; the message is for the page. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  readonly code: 'unit-unknown' | 'snapshot-unknown' | 'labels-invalid' | 'nothing-to-undo';

  constructor(code: QueueError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export class ReviewQueue {
  readonly who: Reviewer;
  private readonly folder: string;
  private readonly manifest: Manifest;
  private readonly store: ReviewStore;
  private readonly stamp: string;
  private snapshots = 0;
  /** Units on which this reviewer's decision stands. */
  private readonly decided: Set<string>;
  /** What a decision on a unit refers to; of the units that the page was given. */
  private readonly served = new Map<string, { tensorSha256: string | null; bundle: string | null }>();
  private applying: Promise<void> = Promise.resolve();
  private isBroken = false;
  private deciding: Promise<unknown> = Promise.resolve();

  private constructor(
    folder: string,
    who: Reviewer,
    manifest: Manifest,
    store: ReviewStore,
    stamp: string,
    decided: Set<string>,
  ) {
    this.folder = folder;
    this.who = who;
    this.manifest = manifest;
    this.store = store;
    this.stamp = stamp;
    this.decided = decided;
  }

  /** @throws ManifestError where the tables cannot be read */
  static async open(folder: string, who: Reviewer, pipelineDigest: string): Promise<ReviewQueue> {
    const stamp = stampOf(folder, who);
    const manifest = await openManifest(folder, {
      prepare: [QUEUE_TABLE_SQL, SECOND_LABELS_SQL, ...REVIEW_TABLES_SQL],
    });
    try {
      const own = await manifest.query(`SELECT * FROM decisions d WHERE ${ownSql(who)} ORDER BY sequence`);
      const store = new ReviewStore(folder, who, pipelineDigest, own.rows as unknown as ReviewRow[]);
      const { rows } = await manifest.query(`SELECT series_unit FROM standing d WHERE ${ownSql(who)}`);
      const decided = new Set(rows.map((row) => String(row.series_unit)));
      return new ReviewQueue(folder, who, manifest, store, stamp, decided);
    } catch (error) {
      await manifest.close();
      throw error;
    }
  }

  /** Whether the run or another reader has written since this was opened: then it has to be opened anew. */
  isOutdated(): boolean {
    return this.isBroken || stampOf(this.folder, this.who) !== this.stamp;
  }

  async close(): Promise<void> {
    await this.deciding;
    await this.applying;
    await this.manifest.close();
  }

  async ask(sql: string, values: readonly (string | number)[] = []): Promise<Row[]> {
    await this.applying;
    return (await this.manifest.execute(sql, values)).rows;
  }

  /** Values of each facet with the number of units. */
  async facets(): Promise<Record<(typeof FACETS)[number], FacetValue[]>> {
    const found: Partial<Record<(typeof FACETS)[number], FacetValue[]>> = {};
    for (const facet of FACETS) {
      const value = facet === 'reason' ? 'unnest(review_reasons)' : facet;
      const rows = await this.ask(
        `SELECT value, count(*) AS n FROM (SELECT ${value} AS value FROM queue) WHERE value IS NOT NULL
         GROUP BY value ORDER BY n DESC, value`,
      );
      found[facet] = rows.map((row) => ({ value: String(row.value), count: Number(row.n) }));
    }
    return found as Record<(typeof FACETS)[number], FacetValue[]>;
  }

  /** SQL for what the filters leave, with this reviewer's decisions as `d`. */
  selectionSql(request: QueueRequest): { sql: string; values: readonly string[] } {
    const { sql, values } = conditionOf(request);
    return {
      sql: `FROM queue q LEFT JOIN standing d ON d.series_unit = q.series_unit AND ${ownSql(this.who)} WHERE ${sql}`,
      values,
    };
  }

  /** Fixes an order, which later decisions do not disturb. */
  async takeSnapshot(request: QueueRequest): Promise<QueueReply> {
    this.snapshots += 1;
    const snapshot = this.snapshots;
    const { sql, values } = this.selectionSql(request);
    const [counted] = await this.ask(`SELECT count(*) AS n ${sql}`, values);
    const population = Number(counted?.n);
    const limit = request.sample === null ? '' : `QUALIFY place < ${Math.max(1, Math.floor(request.sample))}`;
    await this.ask(
      `CREATE TABLE snapshot_${snapshot} AS
       SELECT row_number() OVER (ORDER BY ${orderOf(request)}) - 1 AS place, q.series_unit ${sql} ${limit}
       ORDER BY place`,
      values,
    );
    if (snapshot > SNAPSHOTS_KEPT)
      await this.ask(`DROP TABLE IF EXISTS snapshot_${snapshot - SNAPSHOTS_KEPT}`);
    return { snapshot, population, total: Math.min(population, request.sample ?? population) };
  }

  /** Units of an order from place `from` (inclusive), at most `count`. @throws QueueError snapshot-unknown */
  async readPage(snapshot: number, from: number, count: number): Promise<QueueItem[]> {
    if (snapshot > this.snapshots || snapshot <= this.snapshots - SNAPSHOTS_KEPT || snapshot < 1)
      throw new QueueError('snapshot-unknown', 'The order is not known any more; load the queue again.');
    const to = from + Math.min(MAX_PAGE, count);
    const units = await this.ask(
      `SELECT series_unit FROM snapshot_${snapshot} WHERE place >= $1 AND place < $2 ORDER BY place`,
      [from, to],
    );
    return this.readItems(
      units.map((row) => String(row.series_unit)),
      from,
    );
  }

  private async readItems(units: readonly string[], from: number): Promise<QueueItem[]> {
    if (units.length === 0) return [];
    const keys = units.map((unit) => `'${unit.replaceAll("'", "''")}'`).join(', ');
    const rows = await this.ask(
      `SELECT q.*, l.body_part AS body_part_second, l.axis AS axis_second, l.contrast AS contrast_second
       FROM queue q LEFT JOIN second_labels l USING (series_unit) WHERE q.series_unit IN (${keys})`,
    );
    const decisions = await this.ask(`SELECT * FROM standing WHERE series_unit IN (${keys}) ORDER BY reader`);
    const byUnit = new Map(rows.map((row) => [String(row.series_unit), row]));
    for (const [unit, { tensor_sha256: sha256, bundle }] of byUnit) {
      const textOf = (value: JsonValue | undefined) => (typeof value === 'string' ? value : null);
      this.served.set(unit, { tensorSha256: textOf(sha256), bundle: textOf(bundle) });
    }
    const decisionsOf = groupRows(decisions, (row) => String(row.series_unit));
    return units.flatMap((unit, index) => {
      const row = byUnit.get(unit);
      return row === undefined ? [] : [itemOf(row, from + index, decisionsOf.get(unit) ?? [], this.who)];
    });
  }

  /**
   * Keeps a decision: on the disk first, then here. One at a time, in the order in which they came.
   * @throws QueueError, ReviewStoreError; then nothing was kept
   */
  decide(request: DecisionRequest): Promise<DecisionReply> {
    const done = this.deciding.then(async () => {
      await this.applying;
      return this.keep(request);
    });
    this.deciding = done.catch(() => {});
    return done;
  }

  private async keep(request: DecisionRequest): Promise<DecisionReply> {
    const undone = request.action === 'undo' ? await this.lastDecision() : null;
    const unit = request.action === 'undo' ? String(undone?.series_unit) : request.unit;
    if (!this.served.has(unit)) await this.readItems([unit], 0);
    const known = this.served.get(unit);
    if (known === undefined)
      throw new QueueError('unit-unknown', 'The run has no such unit any more; load the queue again.');
    const labels = request.action === 'accept' || request.action === 'relabel' ? request.labels : null;
    if (labels !== null && !TASKS.every((task) => (LABELS[task] as readonly string[]).includes(labels[task])))
      throw new QueueError('labels-invalid', 'One of the labels is not in the vocabulary.');
    const row = await this.store.append({
      action: request.action,
      undoes: undone === null ? null : String(undone.review),
      series_unit: unit,
      tensor_sha256: known.tensorSha256,
      body_part: labels?.body_part ?? null,
      axis: (labels?.axis ?? null) as ReviewRow['axis'],
      contrast: (labels?.contrast ?? null) as ReviewRow['contrast'],
      bundle: known.bundle,
      reviewed_at: `${new Date().toISOString().slice(0, 19)}Z`,
      reading_ms:
        request.action === 'undo' ? null : Math.min(2 ** 31 - 1, Math.max(0, Math.round(request.readingMs))),
    });
    // The answer needs the disk alone; tables in memory follow, and whoever reads them waits for that.
    this.applying = this.apply(row);
    if (request.action === 'undo') {
      await this.applying;
      const decision = await this.ownDecision(unit);
      if (decision === null) this.decided.delete(unit);
      return { unit, decision, decided: this.decided.size };
    }
    this.decided.add(unit);
    return { unit, decision: decisionOf({ ...row }), decided: this.decided.size };
  }

  private async apply(row: ReviewRow): Promise<void> {
    try {
      const columns = Object.keys(row) as (keyof ReviewRow)[];
      const places = columns.map((_, index) => `$${index + 1}`).join(', ');
      const values = columns.map((column) => row[column]);
      await this.manifest.execute(`INSERT INTO decisions (${columns.join(', ')}) VALUES (${places})`, values);
      for (const sql of RESTAND_SQL) await this.manifest.execute(sql, [row.series_unit]);
    } catch {
      // What is on the disk counts: the next load of the queue reads it.
      this.isBroken = true;
    }
  }

  /** The last decision that can be taken back. @throws QueueError nothing-to-undo */
  private async lastDecision(): Promise<Row> {
    const [row] = await this.ask(
      `SELECT d.review, d.series_unit FROM decisions d SEMI JOIN queue q USING (series_unit)
       WHERE ${ownSql(this.who)} AND d.action <> 'undo'
         AND d.review NOT IN (SELECT undoes FROM decisions WHERE undoes IS NOT NULL)
       ORDER BY d.sequence DESC LIMIT 1`,
    );
    if (row === undefined) throw new QueueError('nothing-to-undo', 'There is nothing to undo.');
    return row;
  }

  private async ownDecision(unit: string): Promise<Decision | null> {
    const [row] = await this.ask(
      `SELECT * FROM standing d WHERE d.series_unit = $1 AND ${ownSql(this.who)}`,
      [unit],
    );
    return row === undefined ? null : decisionOf(row);
  }
}

/** Stands for what others write: run.json and the decisions of other readers. */
function stampOf(folder: string, who: Reviewer): string {
  const own = `${fileStemOf(who)}-`;
  const reviews = path.join(folder, REVIEWS_FOLDER);
  const names = fs.existsSync(reviews) ? fs.readdirSync(reviews).sort() : [];
  const files = names
    .filter((name) => name.endsWith('.parquet') && !name.startsWith('.') && !name.startsWith(own))
    .map((name) => path.join(reviews, name));
  return [path.join(folder, 'run.json'), ...files]
    .map((file) => {
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? '-' : `${path.basename(file)} ${stat.size} ${stat.mtimeMs}`;
    })
    .join('\n');
}
