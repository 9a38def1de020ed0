/** Histories of released versions, recorded by scripts/record-histories.mjs, run through the workflows of today. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { listTree } from '../fixtures/chaos/trees.ts';

const folder = fileURLToPath(new URL('../histories', import.meta.url));
const codePath = fileURLToPath(new URL('../../dist/workflows/bundle.js', import.meta.url));
const read = (file: string) => fs.readFileSync(path.join(folder, file), 'utf8');
const files = listTree(folder).filter((file) => file.endsWith('.json'));

describe('recorded histories', () => {
  it('are of every way in which both workflows end', () => {
    const endings = (type: string) =>
      files.filter((file) => path.basename(file).startsWith(`${type}-`)).join(' ');
    for (const ending of ['completed', 'continued-as-new', 'failed', 'cancelled'])
      expect(endings('curateArchive')).toContain(`-${ending}.json`);
    for (const ending of ['completed', 'failed', 'cancelled'])
      expect(endings('curateBatch')).toContain(`-${ending}.json`);
  });

  it('replay in the workflows of today', async () => {
    // Children are named after their parent.
    const histories = files.map((file) => {
      const history = JSON.parse(read(file));
      const { workflowId } = history.events[0].workflowExecutionStartedEventAttributes;
      return { workflowId, history };
    });
    const failed: string[] = [];
    let replayed = 0;
    for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath } }, histories)) {
      replayed += 1;
      if (error !== undefined) failed.push(error.message);
    }
    expect(failed).toEqual([]);
    expect(replayed).toBe(files.length);
  });

  it('see a workflow that has changed', async () => {
    const [file = ''] = files.filter((name) => name.includes('curateBatch-whole-completed'));
    const history = JSON.parse(read(file).replaceAll('"groupBatch"', '"groupedBatch"'));
    await expect(Worker.runReplayHistory({ workflowBundle: { codePath } }, history)).rejects.toThrow();
  });

  it('tell nothing of the machine that recorded them', () => {
    for (const file of files) expect(read(file)).not.toMatch(/\/tmp\/|\/home\/|@[a-z0-9-]+"/);
  });
});
