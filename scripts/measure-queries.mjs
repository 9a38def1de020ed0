// What an analyst asks a manifest first, and how long the answers take by the clock: the best of five.
import { openManifest } from '../dist/manifest/query.js';

const QUERIES = {
  'count by disposition': 'SELECT disposition, count(*) FROM instances GROUP BY ALL',
  'labels of kept series':
    "SELECT body_part, axis, contrast, count(*) FROM series WHERE disposition = 'kept' GROUP BY ALL",
  'one series by its key': 'SELECT * FROM series WHERE series_unit = (SELECT min(series_unit) FROM series)',
  'slices of one series':
    'SELECT source_key, slice_index FROM instances WHERE series_unit = (SELECT min(series_unit) FROM series)',
  'scores above a threshold': 'SELECT task, count(*) FROM labels WHERE score > 0.5 GROUP BY task',
  'series with their slices':
    'SELECT s.body_part, count(*) FROM series s JOIN instances i USING (series_unit) GROUP BY ALL',
};

/** @returns milliseconds by name of the query */
export async function measureQueries(output) {
  const manifest = await openManifest(output);
  try {
    const times = {};
    for (const [name, sql] of Object.entries(QUERIES)) {
      const rounds = [];
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now();
        await manifest.query(sql);
        rounds.push(performance.now() - start);
      }
      times[name] = Math.round(Math.min(...rounds));
    }
    return times;
  } finally {
    await manifest.close();
  }
}
