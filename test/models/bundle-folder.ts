import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { BundleCard } from '../../models/card.ts';
import { LABELS, TASKS, type Task } from '../../models/labels.ts';
import { type Flaw, type Heads, makeNetwork } from './onnx.ts';

/** A card for networks given by file name, true to their bytes. Tests change what they want to see refused. */
export function makeCard(
  networks: Record<string, { bytes: Uint8Array; tasks: readonly Task[] }>,
): BundleCard {
  return {
    schema_version: 1,
    name: 'tiny',
    version: '0.0.1',
    licence: 'Apache-2.0',
    description: 'A network with weights from a generator, for tests alone.',
    input: { name: 'volume', dtype: 'uint8', shape: ['N', 1, 128, 224, 224] },
    preprocessing: {
      version: 1,
      window_hu: [-1000, 400],
      shape: [128, 224, 224],
      interpolation: 'half-pixel-linear',
      rounding: 'rint-255',
      slice_order: 'head to foot, front to back, right to left',
    },
    tasks: Object.fromEntries(
      Object.entries(networks).flatMap(([file, { tasks }]) =>
        tasks.map((task) => [
          task,
          {
            file,
            logits: `${task}_logits`,
            probabilities: `${task}_probabilities`,
            labels: [...LABELS[task]],
            temperature: task === 'axis' ? 2 : 1,
          },
        ]),
      ),
    ),
    files: Object.fromEntries(
      Object.entries(networks).map(([file, { bytes }]) => [
        file,
        { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length },
      ]),
    ),
    trained_on: [{ source: 'none', licence: 'CC0-1.0' }],
    patients_per_label: { body_part: { chest: 0 } },
    results: [
      {
        data: 'none',
        method: 'none',
        task: 'axis',
        metric: 'accuracy',
        value: 0.5,
        ci_low: 0.4,
        ci_high: 0.6,
        interval: '95% bootstrap',
        series: 10,
        patients: 2,
        note: 'not measured',
      },
    ],
    calibration: { method: 'temperature' },
    limits: ['It knows nothing.'],
    made_by: 'the tests',
  };
}

/** Writes a bundle's folder below `root` and returns its path. `layout`: one network with three heads, or three. */
export function writeBundleFolder(
  root: string,
  options: {
    name?: string;
    layout?: 'one' | 'three';
    width?: number;
    flaw?: Flaw;
    card?: (card: BundleCard) => unknown;
  } = {},
): string {
  const { name = 'tiny', layout = 'one', width = 0, flaw, card: change = (card) => card } = options;
  const classes = (task: Task) => LABELS[task].length;
  const networks: Record<string, { bytes: Uint8Array; tasks: readonly Task[] }> = {};
  if (layout === 'one') {
    const heads: Heads = Object.fromEntries(TASKS.map((task) => [task, classes(task)]));
    networks['tiny.onnx'] = {
      bytes: makeNetwork(heads, { width, ...(flaw === undefined ? {} : { flaw }) }),
      tasks: TASKS,
    };
  } else {
    for (const [seed, task] of TASKS.entries()) {
      const bytes = makeNetwork({ [task]: classes(task) }, { width, seed: seed + 1 });
      networks[`${task}.onnx`] = { bytes, tasks: [task] };
    }
  }
  const folder = path.join(root, name);
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, { bytes }] of Object.entries(networks)) fs.writeFileSync(path.join(folder, file), bytes);
  const card = { ...makeCard(networks), name };
  fs.writeFileSync(path.join(folder, 'card.json'), JSON.stringify(change(card), null, 2));
  return folder;
}
