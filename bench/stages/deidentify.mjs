// De-identification of files, from disk to disk.
import { agreeOn, node, python } from '../harness/participants.mjs';
import { makeSource } from '../harness/sources.mjs';

/** Reached where a tool takes at least so many times ours; of a copy, where ours takes at most 1/0.4 of it. */
const AIM = 'de-identification at 40% of the speed of a plain copy or more';

export async function deidentifyRows({ work, isLong }) {
  const [series, slices] = isLong ? [3, 100] : [1, 40];
  const { source } = await makeSource(work, { series, slices, scale: 4 });
  const args = { source };
  const peer = (name, tool, note) => ({
    name,
    role: 'peer',
    note,
    start: python('deidentify.py', tool, args),
  });
  const row = {
    stage: 'de-identification',
    work: `${series * slices} files of 527 kB, disk to disk, one process and thread each`,
    tools: [
      {
        name: 'serieswise',
        role: 'ours',
        note: 'white-list, keyed digests of source and pixels, SHA-256 of the output, search for text in pixels, rename',
        start: node('deidentify.mjs', 'serieswise', args),
      },
      peer('dcmanon (Rust)', 'dcmanon', 'no digest, does not look at pixels'),
      {
        name: 'DCMTK dcmodify',
        role: 'peer',
        note: 'erases 24 named attributes and private ones, after a copy; no digest',
        start: python('commands.py', 'dcmodify', args),
      },
      peer('dicognito', 'dicognito', 'black-list; no digest'),
      peer('Kitware dicom-anonymizer', 'dicom-anonymizer', 'table E.1-1; no digest'),
      peer('pydicom/deid', 'deid', 'recipe; no digest'),
      peer('pydicom, read and write', 'pydicom', 'de-identifies nothing'),
      { name: 'cp -r', role: 'limit', start: python('commands.py', 'copy', args) },
      { name: 'read and write', role: 'limit', start: node('deidentify.mjs', 'readAndWrite', args) },
    ],
    check: agreeOn('files'),
    aims: [{ aim: AIM, of: 'cp -r', key: 'cpu', atLeast: 0.4 }],
    why:
      'cp -r computes nothing: the kernel copies page to page. Ours reads every byte three times (keyed digest, ' +
      'SHA-256 of what the manifest vouches for, letters in the pixels); the SHA-256 alone costs about as much as the copy.',
  };
  return [row, { ...row, coldFolder: source, aims: [] }];
}
