// Makes docs/dcm2niix.md: the stacks of the CT files beside the repository, made here and by dcm2niix. Fails when a
// difference is found that test/fixtures/dcm2niix-differences.csv does not explain, or the other way round.
//   node scripts/compare-dcm2niix.mjs
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { compareWithDcm2niix, readFixtureCsv, sharedDicomDir } = await loadTypeScript('compare-dcm2niix', [
  "export { compareWithDcm2niix } from './test/stages/group/dcm2niix-comparison.ts';",
  "export { readFixtureCsv } from './test/fixtures/csv.ts';",
  "export { sharedDicomDir } from './test/fixtures/shared-dicom.ts';",
]);

const data = sharedDicomDir();
const program = spawnSync('dcm2niix', ['--version'], { encoding: 'latin1' });
if (data === null || program.error !== undefined) {
  console.error(
    'Needs the shared data (SERIESWISE_SHARED_DATA) and dcm2niix (Debian: apt-get install dcm2niix).',
  );
  process.exit(3);
}
const version = /v[0-9.]+/.exec(program.stdout)?.[0] ?? 'of unknown version';

/** Why the two differ, by the word that the fixture gives. */
const WHY = {
  excluded:
    'Not a CT stack to learn from: another modality, a localizer, a secondary capture, a perfusion map, burned-in text. dcm2niix converts whatever is an image; here the reason is in the table.',
  conflict:
    'One SOP Instance UID stands for several encodings of one slice, with different bytes: none is trusted here (`conflicting-instances`). dcm2niix takes the first that it can decode.',
  'one-position':
    'Several images at one single position: copies of a slice, each with a UID of its own, or slices that never moved. Here they are no stack; dcm2niix makes one or more, along time, with a spacing that nothing in the files says.',
  tilt: 'Gantry tilt, which both find, of the same size. A stack of slices that are shifted against each other fits no NIfTI matrix, so the matrix of dcm2niix ignores the shift, and places rows as if upright (it offers a resampled volume beside). Here positions stay those of the files, and the tilt is a column. Single slices with a tilted plane differ in the same way.',
  'missing-slices':
    'Slices are missing. NIfTI has one spacing for all: dcm2niix warns, and closes the gap, so its stack is too short. Here positions stay, and the gaps are counted and placed.',
  'odd-slice':
    'One slice stands 202.5 mm beyond the others of its series (what was between is not in the data). dcm2niix joins it, and takes that distance for the spacing of all, 202.5 mm instead of 1.25 mm; here it is an `odd-slice`.',
};

const compared = await compareWithDcm2niix(data);
const whyOf = new Map(
  readFixtureCsv('dcm2niix-differences.csv').map((row) => [
    `${row.group}/${row.series} ${row.differences}`,
    row.why,
  ]),
);
const keyOf = ({ group, series, differences }) => `${group}/${series} ${differences.join(' ')}`;
const differing = compared.filter(({ differences }) => differences.length > 0);
const unexplained = differing.filter((row) => !whyOf.has(keyOf(row)));
const keys = new Set(differing.map(keyOf));
const gone = [...whyOf.keys()].filter((key) => !keys.has(key));

const number = (value, digits) => String(Number(value.toFixed(digits)));
function cells(stacks) {
  const list = (read) => (stacks.length === 0 ? '–' : stacks.map(read).join(', '));
  return [
    list(({ slices }) => slices),
    list(({ spacingMm }) => (spacingMm === null ? '–' : number(spacingMm, 3))),
    list(({ slices, tiltDeg }) => (slices === 1 ? '–' : number(tiltDeg, 1))),
  ];
}
function line(row) {
  const [ours, theirs] = [cells(row.ours), cells(row.theirs)];
  const pairs = ours.map((own, index) => `${own} | ${theirs[index]}`).join(' | ');
  const verdict =
    row.differences.length === 0
      ? ''
      : `${row.differences.join(', ')}: ${whyOf.get(keyOf(row)) ?? 'UNEXPLAINED'}`;
  const reasons = row.reasons.map((reason) => `\`${reason}\``).join(', ');
  return `| \`${row.group}\` | \`${row.series}\` | ${pairs} | ${row.order ?? '–'} | ${reasons} | ${verdict} |`;
}

const withBoth = compared.filter(({ ours, theirs }) => ours.length > 0 && theirs.length > 0);
const several = withBoth.filter(({ ours }) => ours.some(({ slices }) => slices > 1));
const page = `# Stacks beside dcm2niix

Made by \`node scripts/compare-dcm2niix.mjs\` (needs dcm2niix and the shared data; \`npm test\` compares too): every folder
and archive of the CT test data is given to dcm2niix ${version} and to the stages that make series units here, with the
shipped pipeline's rules but stacks of any length. Left of each pair of columns: here; right: dcm2niix.

Of ${compared.length} series, ${withBoth.length} have stacks on both sides, ${several.length} of them with more than one slice;
${compared.filter(({ ours }) => ours.length === 0).length} are images to dcm2niix alone, ${compared.filter(({ theirs }) => theirs.length === 0).length} to Serieswise alone. Number of stacks and of slices, spacing (0.01 mm) and tilt (0.1°)
${withBoth.every(({ differences }) => differences.every((kind) => kind === 'extent' || kind === 'slices')) ? 'agree in all that both make, but for the one series with an odd slice' : 'differ where the table says so'}.

| folder | series, by its first file | slices | | spacing, mm | | tilt, ° | | order | here not kept as | difference |
|---|---|---|---|---|---|---|---|---|---|---|
${compared.map(line).join('\n')}

**Order.** dcm2niix stacks along the normal of the plane (row direction × column direction), so axial stacks go from foot to
head, \`reversed\`: here they go from head to foot. Coronal ones go from front to back in both. Both go by position, not by
instance number.

**extent.** First and last voxels lie elsewhere (more than 0.1 mm).

${Object.entries(WHY)
  .map(([key, text]) => `**${key}.** ${text}`)
  .join('\n\n')}

This version of dcm2niix does not decode JPEG-LS, HTJ2K, 12-bit JPEG, deflated files, nor many frames in several fragments; such
instances are missing from its stacks, while others of the same series stand for them in this table.
`;
fs.writeFileSync(path.join(root, 'docs/dcm2niix.md'), page);
console.error(`docs/dcm2niix.md: ${compared.length} series, ${differing.length} with differences`);
for (const row of unexplained) console.error(`not explained: ${keyOf(row)}`);
for (const key of gone) console.error(`explained, but not found: ${key}`);
process.exitCode = unexplained.length + gone.length > 0 ? 1 : 0;
