// Header scan and grouping.
import { agreeOn, node, python } from '../harness/participants.mjs';
import { makeSource } from '../harness/sources.mjs';

export async function scanRows({ work, isLong }) {
  const [series, slices, scale] = isLong ? [100, 100, 2] : [6, 100, 1];
  const { source } = await makeSource(work, { series, slices, scale });
  const args = { source };
  const row = {
    stage: 'header scan and grouping',
    work: `${series * slices} files of ${series} series`,
    tools: [
      { name: 'serieswise', role: 'ours', start: node('scan.mjs', 'serieswise', args) },
      {
        name: 'pydicom, 15 attributes',
        role: 'peer',
        note: 'reads and groups by what the script needs; ours judges every element and every rule',
        start: python('scan.py', 'pydicom', args),
      },
      { name: 'pydicom, all attributes', role: 'peer', start: python('scan.py', 'pydicom-all', args) },
      {
        name: 'dcm2niix -b o',
        role: 'peer',
        note: 'sidecars only; its start, of milliseconds, is in it',
        start: python('commands.py', 'dcm2niix', args),
      },
      {
        name: 'reading 16 KB of each file',
        role: 'limit',
        start: node('scan.mjs', 'readHeaders', args),
      },
    ],
    why:
      'dcm2niix is compiled C++ and reads what NIfTI needs; ours reads and judges every element and looks each file up ' +
      'through the rules of a run.',
    check: (results) => `${agreeOn('series')(results)}; ${agreeOn('series', 'slices')(results)}`,
  };
  return [row, { ...row, coldFolder: source }];
}
