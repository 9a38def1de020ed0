import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTrainingPython } from '../../cli/training/python.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { describeWithOracle, oraclePython } from '../oracles/python.ts';

const TIMEOUT_MS = 600_000;

/** Runs a part of models/training/test_training.py; what it says comes back, its last line is the verdict. */
function runUnittest(python: string, tests: string): string {
  const { stderr } = spawnSync(python, ['-m', 'unittest', tests], {
    cwd: path.join(repositoryRoot, 'models/training'),
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
    timeout: TIMEOUT_MS,
  });
  return stderr;
}

describeWithOracle("the training's own tests", () => {
  test(
    'pass where there is numpy',
    () => {
      const said = runUnittest(oraclePython()!, 'test_training');
      expect(said).toMatch(/Ran \d{2} tests/);
      expect(said.trim().split('\n').at(-1), said).toMatch(/^OK/);
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(findTrainingPython() === null)("the training's own tests (need a Python with torch)", () => {
  test(
    'pass where there is torch, none of the networks skipped',
    () => {
      const said = runUnittest(findTrainingPython()!, 'test_training.Network');
      expect(said).toMatch(/Ran \d+ tests/);
      expect(said.trim().split('\n').at(-1), said).toBe('OK');
    },
    TIMEOUT_MS,
  );
});
