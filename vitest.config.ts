import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Without a record of earlier runs Vitest begins with the largest files. Here the smallest ones start whole runs, and at
 * the end all cores but one would wait for the last of them.
 */
class WholeRunsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const startsRuns = ({ moduleId }: TestSpecification) => moduleId.includes('/test/e2e/');
    return [...sorted.filter(startsRuns), ...sorted.filter((file) => !startsRuns(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // One more than cores: tests of whole runs wait for retries and servers.
    maxWorkers: 3,
    sequence: { sequencer: WholeRunsFirst },
    env: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  },
});
