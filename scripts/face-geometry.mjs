// Heads that are found by geometry alone, and faces taken out of them, in ../shared/data/ct-volumes.
//   node scripts/face-geometry.mjs
// Of every volume with and without a head: whether a skull is found (stages/preprocess/find-head.ts). Of volumes with
// their air (not those of open-kbp, which hold planning structures alone): what defacing does, how much of the skin in
// front is gone, and how many voxels of brain differ: those of 0 to 80 HU that a ring of bone encloses in their slice,
// by a look of its own at the voxels. JSON goes to standard output. Needs the Python of the tests.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const shared = process.env.SERIESWISE_SHARED_DATA ?? path.resolve(root, '../shared/data');
const volumes = path.join(shared, 'ct-volumes');
if (!fs.existsSync(volumes)) {
  console.error('The shared data is not there: nothing to measure.');
  process.exit(3);
}
const faces = await loadTypeScript('face-geometry', [
  "export * from './stages/preprocess/find-head.ts';",
  "export * from './stages/preprocess/patient-grid.ts';",
  "export { defaceTensor } from './stages/publish/deface-instance.ts';",
  "export { planDefacing } from './stages/publish/plan-defacing.ts';",
  "export { oraclePython } from './test/oracles/python.ts';",
]);
const values = faces.tissueValues([-1000, 400]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-face-geometry-'));
const unpack = `
import glob, json, os, sys, numpy as np
shapes = {}
for path in sorted(glob.glob(sys.argv[1] + "/*.npz")):
    file = np.load(path)
    name = os.path.basename(path)[:-4]
    file["voxels"].tofile(f"{sys.argv[2]}/{name}")
    shapes[name] = [file["voxels"].shape, [float(mm) for mm in file["spacing_mm"]]]
print(json.dumps(shapes))`;

/** Voxels of 0 to 80 HU that cannot be reached from a slice's border over what is no bone. */
function brainOf(voxels, [count, rows, columns]) {
  const [low, high] = [0, 80].map((hu) => ((hu + 1000) / 1400) * 255);
  const brain = new Uint8Array(voxels.length);
  for (let slice = 0; slice < count; slice += 1) {
    const start = slice * rows * columns;
    const reached = voxels
      .slice(start, start + rows * columns)
      .map((value) => (value >= values.bone ? 1 : 0));
    faces.floodFromBorder(reached, columns, rows);
    for (let at = 0; at < reached.length; at += 1) {
      const value = voxels[start + at];
      if (reached[at] === 0 && value >= low && value <= high) brain[start + at] = 1;
    }
  }
  return brain;
}

const counts = { heads: 0, headsFound: 0, others: 0, othersFlagged: 0 };
const missed = [];
const defacing = [];
try {
  const args = ['-c', unpack, volumes, folder];
  const shapes = JSON.parse(execFileSync(faces.oraclePython(), args, { encoding: 'utf8' }));
  for (const entry of JSON.parse(fs.readFileSync(path.join(volumes, 'catalog.json'), 'utf8'))) {
    const [shape, [sliceMm, rowMm, columnMm]] = shapes[entry.id];
    const voxels = new Uint8Array(fs.readFileSync(path.join(folder, entry.id)));
    const labels = [...entry.cuttable_full, ...entry.cuttable_partial];
    const isHead = ['head', 'head-and-neck'].includes(entry.region) || labels.includes('head');
    const geometry = {
      positions: Array.from({ length: shape[0] }, (_, slice) => [0, 0, -slice * sliceMm]),
      rowDirection: [1, 0, 0],
      columnDirection: [0, 1, 0],
      pixelSpacingMm: [rowMm, columnMm],
      rows: shape[1],
      columns: shape[2],
    };
    const grid = faces.buildPatientGrid(voxels, geometry, faces.HEAD_CELL_MM);
    const found = faces.findHead(grid, values) !== null;
    counts[isHead ? 'heads' : 'others'] += 1;
    if (found) counts[isHead ? 'headsFound' : 'othersFlagged'] += 1;
    else if (isHead) missed.push(entry.id);
    if (!isHead || entry.masked) continue;
    const region = faces.planDefacing(voxels, geometry, values);
    if (typeof region === 'string') {
      defacing.push({ id: entry.id, refused: region });
      continue;
    }
    const result = faces.defaceTensor(voxels, geometry, region, values.bone);
    const brain = brainOf(voxels, shape);
    let [changed, brainVoxels, brainChanged] = [0, 0, 0];
    for (let at = 0; at < voxels.length; at += 1) {
      const differs = result[at] !== voxels[at];
      if (differs) changed += 1;
      if (brain[at] === 1) brainVoxels += 1;
      if (differs && brain[at] === 1) brainChanged += 1;
    }
    defacing.push({ id: entry.id, removedShare: region.removedShare, changed, brainVoxels, brainChanged });
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify({ ...counts, missed, defacing }, null, 2));
