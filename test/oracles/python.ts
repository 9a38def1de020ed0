import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe } from 'vitest';
import { repositoryRoot } from '../fixtures/shared-data.ts';

/** The Python that holds the judges of `requirements.txt`; `scripts/setup.mjs --test` makes it. Null where missing. */
export function oraclePython(): string | null {
  const python =
    process.env.SERIESWISE_ORACLE_PYTHON ?? path.join(repositoryRoot, '.cache/oracles/bin/python');
  return fs.existsSync(python) ? python : null;
}

/** A `describe` that needs the judges; without them it is skipped by name. */
export const describeWithOracle = oraclePython() === null ? describe.skip : describe;

/** A `describe` that needs a package among the judges; where Python is too old for it, it is skipped by name. */
export function describeWithOraclePackage(name: string): typeof describe | typeof describe.skip {
  const python = oraclePython();
  if (python === null) return describe.skip;
  const find = 'import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)';
  return spawnSync(python, ['-c', find, name]).status === 0 ? describe : describe.skip;
}

/** Runs `test/oracles/SCRIPT` and returns what it printed, parsed as JSON. `input` goes to its standard input. */
export function runOracle(script: string, args: string[] = [], input?: string): unknown {
  const python = oraclePython();
  if (python === null) throw new Error('The judges are not installed: run `npm test` once, it sets them up.');
  const output = execFileSync(python, [path.join(repositoryRoot, 'test/oracles', script), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    ...(input === undefined ? {} : { input }),
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  return JSON.parse(output);
}
