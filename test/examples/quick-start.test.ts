import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { repositoryRoot } from '../fixtures/shared-data.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quick-start-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

it('ends well with every command of its README, in that order, and tells nobody who the patients are', () => {
  const readme = fs.readFileSync(path.join(repositoryRoot, 'examples/quick-start/README.md'), 'utf8');
  const commands = /```sh\n([\s\S]*?)```/.exec(readme)![1]!.trim().split('\n');
  expect(commands.length).toBeGreaterThan(5);
  const answers = new Map<string, string>();
  for (const command of commands) {
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', command.replaceAll(/(?<!examples\/)quick-start\//g, `${scratch}/`)],
      {
        cwd: repositoryRoot,
        encoding: 'utf8',
        env: { ...process.env, SERIESWISE_STATE: path.join(scratch, 'state') },
      },
    );
    expect([command, status, status === 0 ? '' : stderr]).toEqual([command, 0, '']);
    answers.set(command, stdout + stderr);
  }
  const find = (part: string): string => [...answers].find(([command]) => command.includes(part))![1];
  expect(find('FROM instances')).toContain('duplicate-instance');
  expect(find('body_part, axis')).toContain('coronal');
  expect(find('why')).toContain('dicomdir');
  const said = [...answers].filter(([command]) => !command.includes('why')).map(([, answer]) => answer);
  expect(said.join('\n')).not.toContain('ZZTEST');
  const tensors = fs.readdirSync(path.join(scratch, 'output/tensors'));
  expect(tensors).toHaveLength(15);
}, 300_000);
