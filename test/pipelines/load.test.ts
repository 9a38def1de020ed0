import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPipeline, nearestOf, PipelineError, type PipelineProblem } from '../../pipelines/load.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

function problemsOf(text: string, overrides: string[] = []): PipelineProblem[] {
  try {
    loadPipeline(text, 'p.yaml', { overrides });
  } catch (error) {
    if (error instanceof PipelineError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadPipeline', () => {
  it('reads the shipped pipeline and fills defaults', () => {
    const file = path.join(repositoryRoot, 'pipelines/definitions/ct-series-labels.yaml');
    const { pipeline, digest } = loadPipeline(fs.readFileSync(file, 'utf8'), file);
    expect(pipeline.classify.review_below).toEqual({ body_part: 0.6, axis: 0.9, contrast: 0.7 });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(loadPipeline('name: ct-series-labels', 'x').digest).toBe(digest);
  });

  it('reports every mistake at once with its place and a hint', () => {
    const text = [
      'name: Bad Name',
      'gruop: { min_slices: 3 }',
      'group:',
      '  min_slices: many',
      '  split_by: [orientaton]',
      'publish: { dicoms: true }',
      'deidentify: { dates: keep }',
    ].join('\n');
    const found = problemsOf(text).map((p) => [p.line, p.column, p.path, p.hint]);
    expect(found).toContainEqual([1, 7, 'name', 'lower-case words joined by hyphens']);
    expect(found).toContainEqual([2, 1, 'gruop', 'did you mean group?']);
    expect(found).toContainEqual([4, 15, 'group.min_slices', null]);
    expect(found).toContainEqual([5, 14, 'group.split_by.0', 'did you mean orientation?']);
    expect(found).toContainEqual([6, 12, 'publish.dicoms', 'did you mean dicom?']);
    expect(found).toContainEqual([7, 22, 'deidentify.dates', null]);
    expect(found).toHaveLength(6);
  });

  it('reports YAML errors, duplicate keys and an empty document with a place', () => {
    expect(problemsOf('name: [')[0]).toMatchObject({ line: 1 });
    expect(problemsOf('name: a\nname: b')[0]).toMatchObject({ line: 2, column: 1 });
    expect(problemsOf('')[0]).toMatchObject({ path: 'name', message: 'missing', line: 1, column: 1 });
  });

  it('applies overrides and blames them, not the file', () => {
    const { pipeline } = loadPipeline('name: a', 'p.yaml', {
      overrides: ['publish.tensors=true', 'exclude=[localizer]'],
    });
    expect(pipeline.publish.tensors).toBe(true);
    expect(pipeline.exclude).toEqual(['localizer']);
    expect(problemsOf('name: a', ['group.min_slices=0'])[0]).toMatchObject({
      line: null,
      path: 'group.min_slices',
    });
    expect(problemsOf('name: a', ['nonsense'])[0]).toMatchObject({ line: null });
  });

  it('runs the checks that need more than the spec at the place of their key', () => {
    const check = { path: ['classify', 'bundle'], check: () => ({ message: 'no such bundle', hint: null }) };
    expect(() => loadPipeline('name: a\nclassify: { bundle: nope }', 'p.yaml', { checks: [check] })).toThrow(
      'p.yaml:2:21: classify.bundle: no such bundle',
    );
  });
});

it('nearestOf takes the closest spelling and refuses far ones', () => {
  expect(nearestOf('prepocess', ['preprocess', 'publish'])).toBe('preprocess');
  expect(nearestOf('zzz', ['preprocess', 'publish'])).toBeNull();
});
