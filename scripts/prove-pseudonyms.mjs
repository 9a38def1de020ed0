// Shows that pseudonyms neither collide nor give anything away: 10^6 UIDs, another key, and a dictionary attack over all
// seven-digit record numbers by somebody who knows this program and every pseudonym, but not the key; and that a shift
// keeps the interval between any two dates of a patient.
//
//   node scripts/prove-pseudonyms.mjs [--uids 1000000] [--numbers 10000000] [--patients 1000]
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    uids: { type: 'string', default: '1000000' },
    numbers: { type: 'string', default: '10000000' },
    patients: { type: 'string', default: '1000' },
  },
});
const load = (file) => import(pathToFileURL(path.join(root, 'dist', file)).href);
const { attackRecordNumbers, checkShifts, checkUids } = await load('proof/pseudonym-attack.js');
const { createPseudonymizer } = await load('stages/deidentify/pseudonyms.js');

const key = randomBytes(32);
const started = performance.now();
const since = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
const uids = checkUids(createPseudonymizer(key), createPseudonymizer(randomBytes(32)), Number(values.uids));
console.log(
  `${uids.count} UIDs: ${uids.collisions} collisions, ${uids.invalid} invalid, ${uids.sharedWithOtherKey} shared with another key (${since()})`,
);
const shifts = checkShifts(createPseudonymizer(key), Number(values.patients), 100);
console.log(
  `dates of ${shifts.patients} patients shifted: ${shifts.intervals} intervals, ${shifts.changed} changed; ${shifts.unmoved} dates unmoved; ${shifts.shifts} different shifts (${since()})`,
);
const attack = attackRecordNumbers({
  pseudonymizer: createPseudonymizer(key),
  numbers: Number(values.numbers),
  patients: Number(values.patients),
  onWay: ({ way, recovered }) =>
    console.log(`${way}: ${recovered} of ${values.patients} recovered (${since()})`),
});
console.log(
  `with the key itself, for comparison: ${attack.recoveredWithKey} of ${values.patients} recovered (${since()})`,
);
const isGood =
  uids.collisions + uids.invalid + uids.sharedWithOtherKey === 0 &&
  shifts.changed + shifts.unmoved === 0 &&
  attack.ways.every(({ recovered }) => recovered === 0) &&
  attack.recoveredWithKey === Number(values.patients);
process.exitCode = isGood ? 0 : 1;
