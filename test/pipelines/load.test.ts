import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPipeline, nearestOf, PipelineError, type PipelineProblem } from '../../pipelines/load.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

async function problemsOf(text: string, overrides: string[] = []): Promise<PipelineProblem[]> {
  try {
    await loadPipeline(text, 'p.yaml', { overrides });
  } catch (error) {
    if (error instanceof PipelineError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadPipeline', () => {
  it('reads the shipped pipeline and fills defaults', async () => {
    const file = path.join(repositoryRoot, 'pipelines/definitions/ct-series-labels.yaml');
    const { pipeline, digest } = await loadPipeline(fs.readFileSync(file, 'utf8'), file);
    expect(pipeline.classify.review_below).toEqual({ body_part: 0.6, axis: 0.9, contrast: 0.7 });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect((await loadPipeline('name: ct-series-labels', 'x')).digest).toBe(digest);
  });

  it('reports every mistake at once with its place and a hint', async () => {
    const text = [
      'name: Bad Name',
      'gruop: { min_slices: 3 }',
      'group:',
      '  min_slices: many',
      '  split_by: [orientaton]',
      'publish: { dicoms: true }',
      'deidentify: { dates: hold }',
    ].join('\n');
    const found = (await problemsOf(text)).map((p) => [p.line, p.column, p.path, p.hint]);
    expect(found).toContainEqual([1, 7, 'name', 'lower-case words joined by hyphens']);
    expect(found).toContainEqual([2, 1, 'gruop', 'did you mean group?']);
    expect(found).toContainEqual([4, 15, 'group.min_slices', null]);
    expect(found).toContainEqual([5, 14, 'group.split_by.0', 'did you mean orientation?']);
    expect(found).toContainEqual([6, 12, 'publish.dicoms', 'did you mean dicom?']);
    expect(found).toContainEqual([7, 22, 'deidentify.dates', null]);
    expect(found).toHaveLength(6);
  });

  it('reports YAML errors, duplicate keys and an empty document with a place', async () => {
    expect((await problemsOf('name: ['))[0]).toMatchObject({ line: 1 });
    expect((await problemsOf('name: a\nname: b'))[0]).toMatchObject({ line: 2, column: 1 });
    expect((await problemsOf(''))[0]).toMatchObject({ path: 'name', message: 'missing', line: 1, column: 1 });
  });

  it('applies overrides and blames them, not the file', async () => {
    const { pipeline } = await loadPipeline('name: a', 'p.yaml', {
      overrides: ['publish.tensors=true', 'exclude=[localizer]'],
    });
    expect(pipeline.publish.tensors).toBe(true);
    expect(pipeline.exclude).toEqual(['localizer']);
    expect((await problemsOf('name: a', ['group.min_slices=0']))[0]).toMatchObject({
      line: null,
      path: 'group.min_slices',
    });
    expect((await problemsOf('name: a', ['nonsense']))[0]).toMatchObject({ line: null });
  });

  it('runs the checks that need more than the spec at the place of their key', async () => {
    const check = async (value: unknown) => [{ message: `no bundle ${value}`, hint: null }];
    const text = 'name: a\nclassify: { bundle: nope }\ngruop: {}';
    await expect(
      loadPipeline(text, 'p.yaml', { checks: [{ path: ['classify', 'bundle'], check }] }),
    ).rejects.toThrow(
      'p.yaml:3:1: gruop: unknown key (did you mean group?)\np.yaml:2:21: classify.bundle: no bundle nope',
    );
  });
});

it('nearestOf takes the closest spelling and refuses far ones', () => {
  expect(nearestOf('prepocess', ['preprocess', 'publish'])).toBe('preprocess');
  expect(nearestOf('zzz', ['preprocess', 'publish'])).toBeNull();
});
