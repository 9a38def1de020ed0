import { expect, it } from 'vitest';
import { selectCohort } from '../../cohorts/select-cohort.ts';
import type { Manifest } from '../../manifest/query.ts';

/** Tables of one unit with one file, as somebody else may hand them over. */
function tablesWith(seriesUnit: string, outputPath: string): Pick<Manifest, 'query'> {
  const unit = { series_unit: seriesUnit, patient_id: 'SWTEST', instance_count: 1, tensor_sha256: null };
  const file = {
    sop_instance_uid: '2.25.3',
    transfer_syntax_uid: '1.2.840.10008.1.2.1',
    output_sha256: null,
  };
  return {
    query: async (sql) => ({
      columns: [],
      rows: sql.includes('FROM instances') ? [{ ...unit, ...file, output_path: outputPath }] : [unit],
    }),
  };
}

const KEY = `su${'0123456789ab'.repeat(2)}`;

it('takes the paths that a run writes', async () => {
  const [unit] = await selectCohort(tablesWith(KEY, 'dicom/SWTEST/2.25.1/2.25.2/2.25.3.dcm'), 'true');
  expect(unit?.instances).toHaveLength(1);
});

it.each([
  [KEY, '../../secret.dcm'],
  [KEY, 'dicom/SWTEST/../../../secret.dcm'],
  [KEY, 'dicom/SWTEST/2.25.1/2.25.2/../../../secret.dcm'],
  [KEY, '/etc/passwd'],
  ['../su', 'dicom/SWTEST/2.25.1/2.25.2/2.25.3.dcm'],
])('refuses tables that name other files: %s, %s', async (key, outputPath) => {
  await expect(selectCohort(tablesWith(key, outputPath), 'true')).rejects.toMatchObject({
    code: 'manifest-foreign',
  });
});
