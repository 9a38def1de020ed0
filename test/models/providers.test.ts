import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeProviders } from '../../models/providers.ts';

test('finds ONNX Runtime for the CPU here', () => {
  expect(describeProviders()[0]).toMatchObject({ name: 'cpu', available: true });
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')('says which libraries are missing', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'providers-'));
  try {
    const [cpu, cuda] = describeProviders(folder);
    expect([cpu?.available, cuda?.available]).toEqual([false, false]);
    expect(cpu?.detail).toContain('npm ci');
    expect(cuda?.detail).toContain('libonnxruntime_providers_cuda.so and libonnxruntime_providers_shared.so');
    fs.writeFileSync(path.join(folder, 'libonnxruntime_providers_cuda.so'), '');
    expect(describeProviders(folder)[1]?.detail).toMatch(
      /^libonnxruntime_providers_shared\.so not installed/,
    );
    fs.writeFileSync(path.join(folder, 'libonnxruntime_providers_shared.so'), '');
    const complete = describeProviders(folder)[1];
    // With the libraries there, what is left to ask is the driver.
    expect(complete?.available).toBe(fs.existsSync('/proc/driver/nvidia/version'));
    if (complete?.available === false) expect(complete.detail).toContain('no NVIDIA driver');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
