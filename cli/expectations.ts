/** What a pipeline expects of a dataset, at the end of commands that make or look at one. */
import { type CheckedExpectation, checkExpectations } from '../manifest/check-expectations.ts';
import { type Manifest, openManifest } from '../manifest/query.ts';
import type { Expectation } from '../pipelines/expect-schema.ts';
import { CliError } from './exit.ts';
import { withOutputView } from './output-view.ts';
import { renderTable } from './table.ts';

/** Whether the manifest is that of an exported cohort rather than of a run. */
export function isCohort(manifest: Manifest): boolean {
  return manifest.tables.some(({ name }) => name === 'files');
}

/** Checks what is expected of the dataset at a location, a run's output or an exported cohort. */
export function checkDataset(
  location: string,
  expectations: readonly Expectation[] = [],
): Promise<CheckedExpectation[]> {
  if (expectations.length === 0) return Promise.resolve([]);
  return withOutputView(location, 'tables', async ({ folder }) => {
    const manifest = await openManifest(folder);
    try {
      const wanted = isCohort(manifest) ? 'cohort' : 'run';
      return await checkExpectations(
        manifest,
        expectations.filter(({ of }) => of === wanted),
      );
    } finally {
      await manifest.close();
    }
  });
}

/** A table for people; broken ones are the last, where they are seen. */
export function renderExpectations(checked: readonly CheckedExpectation[]): string {
  const rows = [...checked]
    .sort((a, b) => Number(b.holds) - Number(a.holds))
    .map(({ name, expected, value, holds, problem }) => [
      name,
      expected,
      value ?? 'none',
      holds ? 'holds' : (problem?.split('\n')[0] ?? 'BROKEN'),
    ]);
  return renderTable(['expectation', 'expected', 'is', ''], rows);
}

/** @throws CliError 1 where something does not hold */
export function requireAll(checked: readonly CheckedExpectation[]): void {
  const broken = checked.filter(({ holds }) => !holds);
  if (broken.length === 0) return;
  const names = broken.map(({ name }) => name).join(', ');
  throw new CliError(`${broken.length} of ${checked.length} expectations are broken: ${names}.`, 1);
}
