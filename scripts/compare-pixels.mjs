// Makes docs/transfer-syntaxes.md: pixels decoded here and by pydicom, on the CT files beside the repository.
//   node scripts/compare-pixels.mjs
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { comparePixels, toleranceOf, sharedDicomDir, nameOfUid } = await loadTypeScript('compare-pixels', [
  "export { comparePixels, toleranceOf } from './test/dicom/pixel-comparison.ts';",
  "export { sharedDicomDir } from './test/fixtures/shared-dicom.ts';",
  "export { nameOfUid } from './dicom/uids.ts';",
]);

const data = sharedDicomDir();
if (data === null) {
  console.error('The shared data is not there (SERIESWISE_SHARED_DATA).');
  process.exit(3);
}
const rows = await comparePixels(data);
const bySyntax = Map.groupBy?.(rows, (row) => row.transferSyntaxUid) ?? groupBy(rows);

function groupBy(all) {
  const groups = new Map();
  for (const row of all)
    groups.set(row.transferSyntaxUid, [...(groups.get(row.transferSyntaxUid) ?? []), row]);
  return groups;
}

const lines = [];
const left = [];
for (const [uid, group] of [...bySyntax].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))) {
  const compared = group.filter((row) => row.maxDifference !== null);
  const worst = Math.max(0, ...compared.map((row) => row.maxDifference));
  const frames = compared.reduce((sum, row) => sum + row.frames, 0);
  const formats = [...new Set(compared.map((row) => row.format))].join(', ');
  const allowed = toleranceOf(uid);
  const verdict =
    compared.length === 0
      ? '–'
      : worst === 0
        ? 'equal'
        : `at most ${worst} grey level${worst > 1 ? 's' : ''}`;
  lines.push(
    `| ${nameOfUid(uid) ?? 'retired'} | \`${uid}\` | ${compared.length} | ${frames} | ${formats} | ${allowed} | ${verdict} |`,
  );
  for (const row of group) {
    if (row.maxDifference !== null) continue;
    left.push(`| \`${row.name}\` | ${row.error ?? 'decoded'} | ${row.oracleError ?? 'decoded'} |`);
  }
}
const page = `# Transfer syntaxes

Made by \`node scripts/compare-pixels.mjs\`: stored values of every frame of every file with pixel data in the CT test
data, decoded here and by pydicom (with pylibjpeg, pyjpegls, gdcm and its own decoders), without conversion of colour spaces.

| transfer syntax | UID | files | frames | bits allocated/stored | allowed difference | difference found |
|---|---|---|---|---|---|---|
${lines.join('\n')}

Files that one of the two does not decode:

| file | here | pydicom |
|---|---|---|
${left.join('\n')}

What these files lack is made by the tests (test/activities/slice-reader.test.ts) and judged by pydicom and gdcm after
de-identification, frame by frame: 8, 10, 12, 13 and 16 bits stored, signed and unsigned, in implicit, explicit, big
endian and deflated files; 12 bits packed; padding values; multi-frame objects in one or three fragments a frame, with the
basic offset table, the extended one, and none.

## Which codec decodes what

| transfer syntaxes | decoder |
|---|---|
| native: implicit and explicit little endian, big endian, deflated, encapsulated uncompressed | this program; no copy where alignment allows; 1 and 12 bits packed, 8, 16 and 32 bits |
| RLE Lossless | this program |
| JPEG baseline, extended (8 and 12 bits), lossless | dcmjs-codecs 0.0.8 (libjpeg) |
| JPEG-LS | @cornerstonejs/codec-charls 1.2.7 (CharLS) |
| JPEG 2000 | @cornerstonejs/codec-openjpeg 1.3.6 (OpenJPEG) |
| HTJ2K | @cornerstonejs/codec-openjph 2.4.11 (OpenJPH) |

Rows, columns, samples and precision of a codestream are read before a codec sees it and must agree with the header; a
codestream without its end marker, or with a tile-part that is cut off, is \`pixel-data-damaged\` and not filled up.
The sign comes from Pixel Representation, over the precision of the codestream: a JPEG 2000 codestream may claim
another, and JPEG and JPEG-LS cannot say.
`;
fs.writeFileSync(path.join(root, 'docs/transfer-syntaxes.md'), page);
console.error(`docs/transfer-syntaxes.md: ${rows.length} files`);
