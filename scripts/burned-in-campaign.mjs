// The long form of test/stages/preprocess/burned-in-text.test.ts: text in six fonts and three sizes, in the corners and
// over anatomy, as bright as the slice or as the format allows, on slices of ../shared/data/ct-dicom; and every clean
// image there and every slice of ../shared/data/ct-volumes for false alarms.
//   node scripts/burned-in-campaign.mjs [--repeats 8] [--seed 1]
// Figures go to standard output as JSON. Needs the Python of the tests (npm test installs it).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { repeats: { type: 'string', default: '8' }, seed: { type: 'string', default: '1' } },
});
const shared = process.env.SERIESWISE_SHARED_DATA ?? path.resolve(root, '../shared/data');
if (!fs.existsSync(path.join(shared, 'ct-dicom'))) {
  console.error('The shared data is not there: nothing to measure.');
  process.exit(3);
}

const campaign = await loadTypeScript('burned-in-campaign', [
  "export * from './test/fixtures/burned-in.ts';",
  "export { hasBurnedInText } from './stages/preprocess/burned-in-text.ts';",
  "export { oraclePython } from './test/oracles/python.ts';",
]);

const slices = [];
for await (const slice of campaign.readCleanSlices(path.join(shared, 'ct-dicom'))) slices.push(slice);
const { drawn, clean } = campaign.runCampaign(
  slices,
  campaign.renderMasks(),
  Number(values.repeats),
  Number(values.seed),
);
const upright = campaign.runCampaign(
  slices,
  campaign.renderMasks().map(campaign.turnMask),
  Number(values.repeats),
  Number(values.seed),
).drawn;
const by = (part, drawnOnes = drawn) => {
  const sums = {};
  for (const [key, count] of drawnOnes) {
    const name = key.split('|')[part];
    sums[name] ??= { drawn: 0, found: 0 };
    sums[name].drawn += count.drawn;
    sums[name].found += count.found;
  }
  return sums;
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-burned-in-'));
let volumeSlices = 0;
let volumeFlagged = 0;
try {
  const unpack = `
import glob, json, os, sys, numpy as np
shapes = {}
for path in sorted(glob.glob(sys.argv[1] + "/*.npz")):
    voxels = np.load(path)["voxels"]
    name = os.path.basename(path)[:-4]
    voxels.tofile(f"{sys.argv[2]}/{name}")
    shapes[name] = voxels.shape
print(json.dumps(shapes))`;
  const args = ['-c', unpack, path.join(shared, 'ct-volumes'), folder];
  const shapes = JSON.parse(execFileSync(campaign.oraclePython(), args, { encoding: 'utf8' }));
  for (const [name, [count, rows, columns]] of Object.entries(shapes)) {
    const voxels = new Uint8Array(fs.readFileSync(path.join(folder, name)));
    for (let slice = 0; slice < count; slice += 1) {
      const pixels = voxels.subarray(slice * rows * columns, (slice + 1) * rows * columns);
      volumeSlices += 1;
      if (campaign.hasBurnedInText(pixels, rows, columns)) volumeFlagged += 1;
    }
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

const total = (counts, what) => [...counts.values()].reduce((sum, count) => sum + count[what], 0);
console.log(
  JSON.stringify(
    {
      drawn: total(drawn, 'drawn'),
      found: total(drawn, 'found'),
      byFont: by(0),
      bySize: by(1),
      byPlace: by(2),
      byInk: by(3),
      upright: {
        drawn: total(upright, 'drawn'),
        found: total(upright, 'found'),
        byFont: by(0, upright),
        bySize: by(1, upright),
      },
      clean: { images: clean.images, flagged: clean.flagged.length, names: clean.flagged },
      volumes: { slices: volumeSlices, flagged: volumeFlagged, share: volumeFlagged / volumeSlices },
    },
    null,
    2,
  ),
);
