// Step `fetch`: brings the selected series from the public store into WORK/dicom/COLLECTION/SERIES_UUID/. Resumable at
// every byte: a series lies in WORK/incoming until it is whole, a file is called .part until it is, and a .part is
// continued. WORK/dicom therefore holds whole series alone.
import fs from 'node:fs';
import path from 'node:path';
import { diskErrorOf, fetchObject, listObjects, StoreError, withRetries } from './object-store.mjs';
import { FETCH_DEFAULTS } from './settings.mjs';

/** Where a series lies when it is whole, until then, and the receipt with the sizes and ETags of its objects. */
export function placesOf(work, { collection_id, crdc_series_uuid }) {
  return {
    folder: path.join(work, 'dicom', collection_id, crdc_series_uuid),
    incoming: path.join(work, 'incoming', crdc_series_uuid),
    receipt: path.join(work, 'receipts', `${crdc_series_uuid}.json`),
  };
}

const sizeOf = (file) => fs.statSync(file, { throwIfNoEntry: false })?.size;

/** Whether the series is there as its receipt says. */
function isWhole({ folder, receipt }) {
  if (!fs.existsSync(receipt) || !fs.existsSync(folder)) return false;
  const { objects } = JSON.parse(fs.readFileSync(receipt, 'utf8'));
  return objects.every(({ name, bytes }) => sizeOf(path.join(folder, name)) === bytes);
}

/** Bytes of the series that are not there yet. */
export function bytesToCome(work, series) {
  return series.filter((each) => !isWhole(placesOf(work, each))).reduce((sum, { bytes }) => sum + bytes, 0);
}

async function fetchSeries(store, work, series, count) {
  const { folder, incoming, receipt } = placesOf(work, series);
  if (isWhole({ folder, receipt })) return;
  const retry = {
    tries: store.tries,
    pauseMs: store.pauseMs,
    onRetry: (kind) => count(`retried-${kind}`, 1),
  };
  const prefix = `${series.crdc_series_uuid}/`;
  const listed = await withRetries(() => listObjects(store, series.aws_bucket, prefix), retry);
  if (listed.length === 0) throw new StoreError('missing', 'the store has nothing of this series');
  // Labels are those of the whole series: a part of it would have another coverage.
  if (listed.length !== series.instances) {
    throw new StoreError(
      'malformed',
      `the store has ${listed.length} instances, the table ${series.instances}`,
    );
  }
  const objects = listed.map((object) => ({ ...object, name: object.key.slice(prefix.length) }));
  fs.mkdirSync(incoming, { recursive: true });
  // A file that was lost after it had been whole: what is left is used.
  if (fs.existsSync(folder)) {
    for (const name of fs.readdirSync(folder))
      fs.renameSync(path.join(folder, name), path.join(incoming, name));
    fs.rmdirSync(folder);
  }
  for (const object of objects) {
    const file = path.join(incoming, object.name);
    if (sizeOf(file) === object.bytes) continue;
    await withRetries(
      () => fetchObject(store, series.aws_bucket, object, file, (bytes) => count('bytes', bytes)),
      retry,
    );
    count('objects', 1);
  }
  fs.mkdirSync(path.dirname(receipt), { recursive: true });
  const lines = objects.map(({ name, bytes, etag }) => ({ name, bytes, etag }));
  fs.writeFileSync(`${receipt}.part`, JSON.stringify({ bucket: series.aws_bucket, objects: lines }));
  fs.renameSync(`${receipt}.part`, receipt);
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  fs.renameSync(incoming, folder);
}

/**
 * Fetches all series, `concurrency` at a time. One that cannot be had is reported and left out; a full disk stops all.
 * @returns {Promise<{counts: Record<string, number>, failed: {crdc_series_uuid: string, kind: string}[]}>}
 */
export async function fetchAll({ work, series, options = {}, say = () => {} }) {
  const store = { ...FETCH_DEFAULTS, ...options };
  const counts = { series: 0, objects: 0, bytes: 0 };
  const count = (name, by) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const failed = [];
  const queue = series.values();
  let stop = null;
  let saidAt = Date.now();
  const worker = async () => {
    for (const each of queue) {
      if (stop !== null) return;
      try {
        await fetchSeries(store, work, each, count);
        count('series', 1);
      } catch (caught) {
        const error = caught instanceof StoreError ? caught : diskErrorOf(caught);
        if (error === null) throw caught;
        if (error.kind === 'disk') stop = error;
        else
          failed.push({ crdc_series_uuid: each.crdc_series_uuid, kind: error.kind, message: error.message });
      }
      if (Date.now() - saidAt > 5000) {
        saidAt = Date.now();
        say(
          `  ${counts.series} of ${series.length} series, ${(counts.bytes / 1e9).toFixed(2)} GB in this run`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, store.concurrency) }, worker));
  if (stop !== null) throw stop;
  fs.writeFileSync(path.join(work, 'fetch-failures.json'), JSON.stringify(failed, null, 1));
  return { counts, failed };
}
