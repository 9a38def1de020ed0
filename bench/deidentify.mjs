// How long one CT file takes from its bytes to the de-identified pieces, all three digests included, beside a plain
// SHA-256 and a plain copy of the same bytes in the same process.
//
//   node bench/deidentify.mjs [--json] [--rounds 30]
//
// Needs dist/ (npm run build). Files are the raw CT of ../shared/data where that is at hand. One thread, bytes in
// memory, warm.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const load = (file) => import(path.join(root, 'dist', file));
const { deidentifyHeader, deidentifyInstance } = await load('stages/deidentify/deidentify-instance.js');
const { resolveProfile } = await load('stages/deidentify/profile.js');
const { createPseudonymizer } = await load('stages/deidentify/pseudonyms.js');

const shared = process.env.SERIESWISE_SHARED_DATA ?? path.resolve(root, '../shared/data');
const folder = path.join(shared, 'ct-dicom/head_ge_tilt18_varspacing');
if (!fs.existsSync(folder)) {
  console.error('The shared data is not there: nothing to measure.');
  process.exit(3);
}
const files = fs
  .readdirSync(folder)
  .sort()
  .map((name) => new Uint8Array(fs.readFileSync(path.join(folder, name))));
const roundsAt = process.argv.indexOf('--rounds');
const rounds = roundsAt === -1 ? 30 : Number(process.argv[roundsAt + 1]);
const options = {
  profile: resolveProfile({ profile: 'ct-research', dates: 'remove', whitelist: { add: [], remove: [] } }),
  pseudonymizer: createPseudonymizer(new Uint8Array(32).fill(7)),
  sourceKey: '0'.repeat(32),
};

/** Milliseconds a file: of each file the fastest of all rounds, so that what else the machine does counts little. */
function measure(work) {
  const fastest = files.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, bytes] of files.entries()) {
      const start = performance.now();
      work(bytes);
      fastest[index] = Math.min(fastest[index], performance.now() - start);
    }
  }
  return Number((fastest.reduce((sum, value) => sum + value, 0) / files.length).toFixed(3));
}

const result = {
  files: files.length,
  bytesEach: files[0].length,
  cpu: os.cpus()[0].model,
  load: Number(os.loadavg()[0].toFixed(1)),
  millisecondsPerFile: {
    deidentifyInstance: measure((bytes) => deidentifyInstance(bytes, options)),
    deidentifyHeader: measure((bytes) => deidentifyHeader(bytes.subarray(0, 65_536), bytes.length, options)),
    sha256: measure((bytes) => createHash('sha256').update(bytes).digest()),
    copy: measure((bytes) => bytes.slice()),
  },
};
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  console.table(result.millisecondsPerFile);
  console.log(`${result.cpu}, load ${result.load}`);
}
