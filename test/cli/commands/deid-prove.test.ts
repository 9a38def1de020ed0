import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../program.ts';

const TIMEOUT_MS = 280_000;

describe('deid prove', () => {
  it('runs the real pipeline on planted headers, and finds nothing of them', () => {
    const output = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-deid-prove-'));
    const { exitCode, stdout, stderr } = runProgram(
      ['deid', 'prove', '--patients', '3', '--output', output, '--json'],
      {},
      TIMEOUT_MS,
    );
    expect(exitCode, stderr).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ seed: 1, patients: 3, survivors: [], missing: [] });
    expect(summary.required.checks).toBeGreaterThan(2000);
    expect(summary.required.passed).toBe(summary.required.checks);
    expect(summary.places.every((place: { planted: number }) => place.planted > 0)).toBe(true);
    expect(fs.readdirSync(output).sort()).toEqual([
      'answer-key.json',
      'proof.html',
      'proof.json',
      'proof.md',
    ]);
    fs.rmSync(output, { recursive: true });
  });

  it.each([
    ['--patients', 'many'],
    ['--seed', '-1'],
    ['--source', '/no/such/folder'],
  ])('refuses %s %s', (option, value) => {
    expect(runProgram(['deid', 'prove', option, value]).exitCode).toBe(2);
  });
});
