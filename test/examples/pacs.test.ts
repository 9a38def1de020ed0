import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadPipeline } from '../../pipelines/load.ts';
import { isRetrieved, needsList } from '../../pipelines/source-kinds.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

const folder = path.join(repositoryRoot, 'examples/pacs');

test.each(fs.readdirSync(folder))('%s is a pipeline over a PACS', async (name) => {
  const { pipeline } = await loadPipeline(fs.readFileSync(path.join(folder, name), 'utf8'), name);
  expect(isRetrieved(pipeline.source)).toBe(true);
  expect(needsList(pipeline.source)).toBe(name === 'dicomweb.yaml');
});

test('a spec that asks a whole PACS, or holds a secret in its address, is refused', async () => {
  const load = (source: object) => loadPipeline(JSON.stringify({ name: 'zz', source }), 'zz.yaml');
  const select = { by: 'query', modalities: ['CT'] };
  await expect(load({ type: 'dicomweb', select })).rejects.toThrow('query of the whole PACS');
  const url = 'https://user:secret@pacs.example.org/dicom-web';
  await expect(load({ type: 'dicomweb', url, select: { by: 'study_list' } })).rejects.toThrow('without user');
  await expect(load({ type: 'dicomwebb' })).rejects.toThrow('did you mean dicomweb?');
});
