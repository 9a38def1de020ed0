import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // One more than cores: tests of whole runs wait for retries and servers.
    maxWorkers: 3,
    env: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  },
});
