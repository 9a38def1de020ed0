import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { digestOf } from '../../pipelines/digest.ts';
import { formatProblem, loadPipeline } from '../../pipelines/load.ts';
import { definePipeline, PipelineError, type PipelineSpec } from '../../sdk/index.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'define-pipeline-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const YAML = `
name: two-ways
source: { type: dicomweb, url: http://localhost:8042/dicom-web, select: { by: accession_list } }
deidentify: { dates: shift, whitelist: { add: [PatientSize] } }
exclude: []
preprocess: { window_hu: [-160, 240] }
classify: { review_below: { axis: 0.5 } }
expect:
  - name: some
    sql: SELECT count(*) FROM series
    at_least: 1
`;
const SPEC: PipelineSpec = {
  name: 'two-ways',
  source: { type: 'dicomweb', url: 'http://localhost:8042/dicom-web', select: { by: 'accession_list' } },
  deidentify: { dates: 'shift', whitelist: { add: ['PatientSize'] } },
  exclude: [],
  preprocess: { window_hu: [-160, 240] },
  classify: { review_below: { axis: 0.5 } },
  expect: [{ name: 'some', sql: 'SELECT count(*) FROM series', at_least: 1 }],
};

describe('definePipeline', () => {
  it('gives what the same spec in YAML gives, with the same digest', async () => {
    const shipped = path.join(repositoryRoot, 'pipelines/definitions/ct-series-labels.yaml');
    const text = fs.readFileSync(shipped, 'utf8');
    for (const [yaml, spec] of [
      [YAML, SPEC],
      [text, parse(text) as PipelineSpec],
    ] as const) {
      const fromYaml = await loadPipeline(yaml, 'p.yaml');
      const defined = definePipeline(spec);
      expect(defined).toEqual(fromYaml.pipeline);
      expect(digestOf(defined)).toBe(fromYaml.digest);
      // A module may export the spec itself, or what definePipeline made of it.
      for (const exported of [spec, defined])
        expect((await loadPipeline(exported, 'p.mjs')).digest).toBe(fromYaml.digest);
    }
  });

  it('takes what is undefined as left out', () => {
    const spec = { ...SPEC, publish: undefined } as unknown as PipelineSpec;
    expect(definePipeline(spec)).toEqual(definePipeline(SPEC));
  });

  it('refuses with every problem and its hint', () => {
    const wrong = { name: 'Two Ways', exclude: ['localiser'], publish: { dicoms: true }, group: () => 5 };
    let problems: string[] = [];
    try {
      definePipeline(wrong as unknown as PipelineSpec);
    } catch (error) {
      problems = (error as PipelineError).problems.map(formatProblem);
      expect(error).toBeInstanceOf(PipelineError);
    }
    expect(problems).toHaveLength(4);
    expect(problems).toContain('definePipeline: publish.dicoms: unknown key (did you mean dicom?)');
    expect(problems.join('\n')).toContain('definePipeline: group: ');
  });
});

describe('a pipeline in a module', () => {
  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, text);
    return file;
  };
  const sdk = JSON.stringify(pathToFileURL(path.join(repositoryRoot, 'dist/sdk/index.js')).href);
  const validate = (file: string, ...more: string[]) => runProgram(['validate', file, '--json', ...more]);

  it('is the same to the program as one in YAML', () => {
    const files = [
      write('two-ways.yaml', YAML),
      write('two-ways.mjs', `export default ${JSON.stringify(SPEC)};`),
      write(
        'defined.mjs',
        `import { definePipeline } from ${sdk}; export default definePipeline(${JSON.stringify(SPEC)});`,
      ),
    ];
    const answers = files.map((file) => JSON.parse(validate(file, '--set', 'group.min_slices=9').stdout));
    expect(answers[0]).toMatchObject({ valid: true, pipeline: { group: { min_slices: 9 } } });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('shows each mistake with the name of the module, exit code 2', () => {
    const plain = write('plain.mjs', 'export default { name: "a", gruop: {} };');
    const { exitCode, stderr } = validate(plain, '--set', 'exclude=[localiser]');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${plain}: gruop: unknown key (did you mean group?)`);
    expect(stderr).toContain('--set: exclude.0: "localiser" is not one of');
    const defined = write(
      'wrong.mjs',
      `import { definePipeline } from ${sdk}; export default definePipeline({ name: 'A' });`,
    );
    const answer = validate(defined);
    expect([answer.exitCode, JSON.parse(answer.stdout).problems]).toMatchObject([2, [{ file: defined }]]);
  });

  it('is refused when it cannot be loaded or exports none, exit code 2', () => {
    const cases = [
      [write('none.mjs', 'export const pipeline = {};'), 'exports no pipeline'],
      [write('broken.mjs', 'export default {'), 'cannot be loaded'],
      [write('throws.mjs', 'throw new Error("out of cheese");'), 'out of cheese'],
      [path.join(folder, 'absent.mjs'), 'cannot be read'],
    ] as const;
    for (const [file, message] of cases) {
      const { exitCode, stderr } = validate(file);
      expect([file, exitCode]).toEqual([file, 2]);
      expect(stderr).toContain(message);
    }
  });

  it('is TypeScript where Node runs it', () => {
    const file = write('typed.ts', 'const name: string = "typed"; export default { name };');
    const { exitCode, stderr } = validate(file);
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major > 22 || (major === 22 && minor >= 18)) expect([exitCode, stderr]).toEqual([0, '']);
    else expect([exitCode, stderr]).toEqual([2, expect.stringContaining('runs no TypeScript')]);
  });
});

it('examples/sdk/pipeline.mjs is valid, and the same in YAML', async () => {
  const file = path.join(repositoryRoot, 'examples/sdk/pipeline.mjs');
  const { exitCode, stdout, stderr } = runProgram(['validate', file, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  const { digest, pipeline } = JSON.parse(stdout);
  expect(pipeline.expect).toHaveLength(3);
  expect((await loadPipeline(stringify(pipeline), 'p.yaml')).digest).toBe(digest);
});
