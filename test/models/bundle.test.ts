import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  defaultBundleRoots,
  listBundles,
  loadBundle,
  nameBundle,
  resolveBundle,
} from '../../models/bundle.ts';
import type { BundleCard } from '../../models/card.ts';
import { BundleError } from '../../models/errors.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { writeBundleFolder } from './bundle-folder.ts';

let root = '';
beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'bundles-'));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

async function refusal(work: Promise<unknown>): Promise<BundleError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BundleError)) throw new Error('was not refused', { cause: error });
  return error;
}

describe('loadBundle', () => {
  test('reads one network with three heads', async () => {
    const bundle = await loadBundle(writeBundleFolder(root, { name: 'one' }));
    expect(nameBundle(bundle)).toBe('one@0.0.1');
    expect(bundle.tasks.map(({ task, file, labels }) => [task, file, labels.length])).toEqual([
      ['body_part', 'tiny.onnx', 16],
      ['axis', 'tiny.onnx', 3],
      ['contrast', 'tiny.onnx', 2],
    ]);
    expect(path.isAbsolute(bundle.folder)).toBe(true);
    expect(bundle.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('reads three networks with one head each', async () => {
    const bundle = await loadBundle(writeBundleFolder(root, { name: 'three', layout: 'three' }));
    expect(bundle.tasks.map(({ file }) => file)).toEqual(['body_part.onnx', 'axis.onnx', 'contrast.onnx']);
  });

  test('reads a gate and thresholds, and refuses a gate that is none', async () => {
    const gate = JSON.stringify({
      schema_version: 1,
      statistics: Array.from({ length: 24 }, (_, k) => `s${k}`),
      scale: Array.from({ length: 24 }, () => 1),
      prototypes: [Array.from({ length: 24 }, (_, k) => k)],
      neighbours: 1,
      distance: 0.5,
      least_spread: 0.02,
      least_likeness: 0.7,
      most_empty_air: 0.97,
    });
    const write = (name: string, text: string) => {
      const folder = writeBundleFolder(root, {
        name,
        card: (card) => ({
          ...card,
          review: { accept_from: { body_part: 0.8 }, gate: { file: 'gate.json' } },
          files: {
            ...card.files,
            'gate.json': { sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length },
          },
        }),
      });
      fs.writeFileSync(path.join(folder, 'gate.json'), text);
      return folder;
    };
    const bundle = await loadBundle(write('gated', gate));
    expect(bundle.gate?.prototypes).toHaveLength(1);
    expect(bundle.acceptFrom).toEqual({ body_part: 0.8 });
    expect((await loadBundle(writeBundleFolder(root, { name: 'ungated' }))).gate).toBeNull();
    const wrong = gate.replace('"neighbours":1', '"neighbours":2');
    expect((await refusal(loadBundle(write('wrong', wrong)))).code).toBe('card-invalid');
    const unlisted = writeBundleFolder(root, {
      name: 'unlisted',
      card: (card) => ({ ...card, review: { gate: { file: 'gate.json' } } }),
    });
    expect((await refusal(loadBundle(unlisted))).message).toContain('review.gate.file');
  });

  test('has one digest for one card, whatever its layout, and another for other weights', async () => {
    const folder = writeBundleFolder(root, { name: 'layout' });
    const before = await loadBundle(folder);
    const card = JSON.parse(fs.readFileSync(path.join(folder, 'card.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const reversed = Object.fromEntries(Object.entries(card).reverse());
    fs.writeFileSync(path.join(folder, 'card.json'), JSON.stringify(reversed));
    expect((await loadBundle(folder)).sha256).toBe(before.sha256);
    const other = await loadBundle(writeBundleFolder(root, { name: 'layout', width: 1 }));
    expect(other.sha256).not.toBe(before.sha256);
  });

  test('refuses a changed byte and a changed length, and says what to do', async () => {
    const folder = writeBundleFolder(root, { name: 'changed' });
    const file = path.join(folder, 'tiny.onnx');
    const bytes = fs.readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    fs.writeFileSync(file, bytes);
    expect(await refusal(loadBundle(folder))).toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringContaining('fetch the bundle again'),
    });
    fs.writeFileSync(file, bytes.subarray(1));
    expect((await refusal(loadBundle(folder))).code).toBe('digest-mismatch');
    fs.rmSync(file);
    expect((await refusal(loadBundle(folder))).code).toBe('file-missing');
  });

  type Change = (card: BundleCard) => unknown;
  test.each<[string, string, Change, RegExp]>([
    ['an unknown key', 'card-invalid', (card) => ({ ...card, lisence: 'MIT' }), /lisence/],
    ['no licence', 'card-invalid', (card) => ({ ...card, licence: undefined }), /licence/],
    ['a later schema', 'card-invalid', (card) => ({ ...card, schema_version: 2 }), /schema_version/],
    [
      'a path out of the folder',
      'card-invalid',
      (card) => ({ ...card, files: { '../secret.onnx': Object.values(card.files)[0] } }),
      /files/,
    ],
    [
      'a task whose file is not listed',
      'card-invalid',
      (card) => ({ ...card, tasks: { axis: { ...card.tasks.axis, file: 'other.onnx' } } }),
      /tasks\.axis\.file/,
    ],
    ['no task', 'card-invalid', (card) => ({ ...card, tasks: {} }), /at least one task/],
    [
      'an input of another shape than its preprocessing',
      'card-invalid',
      (card) => ({ ...card, input: { ...card.input, shape: ['N', 1, 64, 224, 224] } }),
      /input\.shape/,
    ],
    [
      'a preprocessing of the future',
      'preprocessing-unknown',
      (card) => ({ ...card, preprocessing: { version: 2, spacing_mm: 1 } }),
      /version 2/,
    ],
    [
      'a label outside the vocabulary',
      'labels-unknown',
      (card) => ({ ...card, tasks: { axis: { ...card.tasks.axis, labels: ['axial', 'oblique'] } } }),
      /oblique/,
    ],
    [
      'a label that comes twice',
      'labels-unknown',
      (card) => ({ ...card, tasks: { contrast: { ...card.tasks.contrast, labels: ['no', 'no'] } } }),
      /no/,
    ],
  ])('refuses %s', async (_name, code, change, message) => {
    const folder = writeBundleFolder(root, { name: 'refused', card: change });
    const error = await refusal(loadBundle(folder));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('takes extensions and extra keys in results', async () => {
    const change: Change = (card) => ({ ...card, extensions: { review: { below: 0.5 } } });
    const bundle = await loadBundle(writeBundleFolder(root, { name: 'extended', card: change }));
    expect(bundle.card.extensions).toEqual({ review: { below: 0.5 } });
    expect(bundle.card.results[0]).toMatchObject({ note: 'not measured' });
  });

  test('refuses text that is not JSON and a folder without a card', async () => {
    const folder = writeBundleFolder(root, { name: 'broken' });
    fs.writeFileSync(path.join(folder, 'card.json'), '{');
    expect((await refusal(loadBundle(folder))).code).toBe('card-invalid');
    expect((await refusal(loadBundle(path.join(root, 'nowhere')))).code).toBe('bundle-missing');
  });
});

describe('resolveBundle and listBundles', () => {
  test('find bundles by name and by path, the first root first', async () => {
    const roots = [path.join(root, 'first'), path.join(root, 'second'), path.join(root, 'not-there')];
    const [firstRoot = '', secondRoot = ''] = roots;
    const first = writeBundleFolder(firstRoot, { name: 'shared' });
    const shadowed = writeBundleFolder(secondRoot, { name: 'shared' });
    const second = writeBundleFolder(secondRoot, { name: 'alone' });
    fs.writeFileSync(path.join(second, 'tiny.onnx'), 'version https://git-lfs.github.com/spec/v1');
    expect(await resolveBundle('shared', roots)).toBe(first);
    expect(await resolveBundle(shadowed, roots)).toBe(shadowed);
    const missing = await refusal(resolveBundle('absent', roots));
    expect(missing.code).toBe('bundle-missing');
    expect(missing.message).toContain('alone, shared');
    expect((await refusal(resolveBundle('./absent', roots))).code).toBe('bundle-missing');

    const listed = await listBundles(roots);
    expect(
      listed.map(({ name, bundle, error }) => [name, bundle?.version ?? null, error?.code ?? null]),
    ).toEqual([
      ['alone', null, 'digest-mismatch'],
      ['shared', '0.0.1', null],
    ]);
  });

  test('look in this checkout by default', () => {
    expect(defaultBundleRoots()).toEqual([path.join(repositoryRoot, 'models/bundles')]);
  });
});
