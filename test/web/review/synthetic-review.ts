/** Output folders to review, made without a run: units with model inputs that differ, and thumbnails of them. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { openManifest } from '../../../manifest/query.ts';
import type { SeriesRow } from '../../../manifest/schema.ts';
import { writeTable } from '../../../manifest/write.ts';
import { encodeNpy } from '../../../stages/preprocess/npy.ts';
import { makeSyntheticRun } from '../report/synthetic-run.ts';

const SHAPE: [number, number, number] = [128, 224, 224];
/** So many files stand for all units: names are links. */
const TENSORS = 12;

/**
 * A run of `units` series, nine of ten kept, with tensors in the shape of the pipeline.
 * @returns keys of the kept units, ascending
 */
export async function makeReviewRun(folder: string, units: number): Promise<string[]> {
  await makeSyntheticRun(folder, units);
  const manifest = await openManifest(folder);
  const { rows } = await manifest.query(
    `SELECT COLUMNS(c -> c NOT LIKE '%_resolved' AND c NOT LIKE '%_source' AND c NOT IN ('review_disposition', 'reader_count'))
     FROM series ORDER BY series_unit`,
  );
  await manifest.close();
  const tensors = Array.from({ length: TENSORS }, (_, n) => encodeNpy(drawBody(n), SHAPE));
  const digests = tensors.map((npy) => createHash('sha256').update(npy).digest('hex'));
  fs.mkdirSync(path.join(folder, 'tensors'));
  const series = rows as unknown as SeriesRow[];
  const kept = series.filter(({ disposition }) => disposition === 'kept');
  for (const [index, row] of kept.entries()) {
    const file = path.join(folder, 'tensors', `${row.series_unit}.npy`);
    const which = index % TENSORS;
    row.tensor_sha256 = digests[which]!;
    if (index < TENSORS) fs.writeFileSync(file, tensors[which]!);
    else fs.linkSync(path.join(folder, 'tensors', `${kept[which]!.series_unit}.npy`), file);
  }
  const relative = 'manifest/series/part-00000.parquet';
  const written = await writeTable(path.join(folder, relative), 'series', series, {
    pipelineDigest: 'c'.repeat(64),
  });
  const run = JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));
  const entry = run.manifest.find((file: { path: string }) => file.path === relative);
  Object.assign(entry, { bytes: written.bytes, sha256: written.sha256 });
  fs.writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
  return kept.map(({ series_unit }) => series_unit);
}

/** An ellipsoid of soft tissue with a bone that wanders with `n`. */
function drawBody(n: number): Uint8Array {
  const [slices, rows, columns] = SHAPE;
  const tensor = new Uint8Array(slices * rows * columns);
  for (let s = 0; s < slices; s++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const [z, y, x] = [s / slices - 0.5, r / rows - 0.5, c / columns - 0.5];
        const isBody = z * z + y * y * 1.4 + x * x < 0.2;
        const isBone = (x - n / 60) ** 2 + (y - 0.1) ** 2 < 0.004;
        tensor[(s * rows + r) * columns + c] = isBody ? (isBone ? 250 : 185) : 4;
      }
    }
  }
  return tensor;
}
