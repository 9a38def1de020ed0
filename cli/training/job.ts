/** What is trained on what: series of a run with tensors, joined with their true labels and dealt into parts. */
import fs from 'node:fs';
import path from 'node:path';
import type { RunDocument } from '../../activities/run-document.ts';
import { WORK_FOLDER } from '../../activities/store/run-files.ts';
import { splitOf } from '../../cohorts/split-cohort.ts';
import { EvaluationError } from '../../evaluation/errors.ts';
import { parseLabelTable } from '../../evaluation/tables.ts';
import { ManifestError } from '../../manifest/errors.ts';
import { openManifest } from '../../manifest/query.ts';
import type { BundleCard } from '../../models/card.ts';
import { TASKS, type Task } from '../../models/labels.ts';
import { readLabelSource } from '../evaluation-files.ts';
import { CliError } from '../exit.ts';

/** The parts of Li et al. 2024. */
const PARTS = [
  { name: 'train', share: 0.7 },
  { name: 'validation', share: 0.2 },
  { name: 'test', share: 0.1 },
] as const;

export type Part = (typeof PARTS)[number]['name'];

/**
 * The part of a patient, as `export --split train=0.7,validation=0.2,test=0.1` deals it with the same seed. Shares hold
 * for many patients; few may all fall into one part.
 */
export function partOf(patient: string, seed: number): Part {
  return splitOf(patient, PARTS, seed) as Part;
}

/** One series as models/training/train_curated.py reads it. */
export interface TrainingSeries {
  series_unit: string;
  /** Absolute path of the NPY file. */
  tensor: string;
  patient: string;
  part: Part;
  axis_geometry: string | null;
  /** Null: no label, and no loss, for the task. */
  labels: Partial<Record<Task, string | null>>;
}

/** The job's file: series and settings. */
export interface TrainingJob {
  schema: 'serieswise.training-job/1';
  preset: 'paper' | 'starter';
  tasks: Task[];
  seed: number;
  epochs: number;
  batch: number;
  /** Channels of the first stage. */
  width: number;
  threads: number;
  name: string;
  version: string;
  licence: string;
  made_by: string;
  source: Record<string, string>;
  shape: BundleCard['preprocessing']['shape'];
  preprocessing: BundleCard['preprocessing'];
  series: TrainingSeries[];
}

/** The preprocessing of a run, as its bundle's card has to state it. */
export function preprocessingOf(run: RunDocument): BundleCard['preprocessing'] {
  const { window_hu, shape } = run.pipeline.preprocess;
  return {
    version: 1,
    window_hu: [...window_hu],
    shape: [...shape],
    interpolation: 'half-pixel-linear',
    rounding: 'rint-255',
    slice_order: 'axial-head-to-foot coronal-front-to-back sagittal-right-to-left',
  };
}

/** Series that training cannot use, counted by reason. */
export interface LeftOut {
  /** Kept series of the manifest without any label for the wanted tasks. */
  withoutLabel: number;
  /** Labelled series units that the manifest does not have, or did not keep. */
  notInManifest: number;
}

/**
 * Joins the kept series of a run with the truth.
 * @throws CliError 2 where the manifest, its tensors or the truth cannot be used
 */
export async function collectSeries(
  manifestFolder: string,
  truthFile: string,
  tasks: readonly Task[],
  seed: number,
): Promise<{ series: TrainingSeries[]; leftOut: LeftOut }> {
  const kept = await readKeptSeries(manifestFolder);
  const source = await readLabelSource('--truth', truthFile, new Set());
  let truth: ReturnType<typeof parseLabelTable>;
  try {
    const { columns, available } = source.labels;
    truth = parseLabelTable(columns, { name: 'truth', available });
  } catch (error) {
    throw error instanceof EvaluationError ? new CliError(error.message, 2) : error;
  }
  const series: TrainingSeries[] = [];
  const missing: string[] = [];
  let withoutLabel = 0;
  for (const row of kept.values()) {
    const labels = Object.fromEntries(
      tasks.map((task) => [task, truth.tasks.get(task)?.get(row.series_unit)?.label ?? null]),
    );
    if (tasks.every((task) => labels[task] === null)) {
      withoutLabel += 1;
      continue;
    }
    const tensor = locateTensor(manifestFolder, row.series_unit);
    if (tensor === null) missing.push(row.series_unit);
    else {
      const { patient_id: patient, series_unit, axis_geometry } = row;
      series.push({ series_unit, tensor, patient, part: partOf(patient, seed), axis_geometry, labels });
    }
  }
  if (missing.length > 0) {
    throw new CliError(
      `--manifest: ${missing.length} labelled series have no tensor below ${path.join(manifestFolder, 'tensors')}. ` +
        'Run the pipeline again with the same output and --set publish.tensors=true: only tensors are made anew.',
      2,
    );
  }
  const labelled = new Set(tasks.flatMap((task) => [...(truth.tasks.get(task)?.keys() ?? [])]));
  const notInManifest = [...labelled].filter((key) => !kept.has(key)).length;
  return { series, leftOut: { withoutLabel, notInManifest } };
}

interface KeptSeries {
  series_unit: string;
  patient_id: string;
  axis_geometry: string | null;
}

async function readKeptSeries(folder: string): Promise<Map<string, KeptSeries>> {
  const refuse = (error: unknown): never => {
    if (!(error instanceof ManifestError)) throw error;
    throw new CliError(`--manifest: ${error.message}`, 2);
  };
  const manifest = await openManifest(folder).catch(refuse);
  try {
    const { rows } = await manifest.query(
      `SELECT series_unit, patient_id, axis_geometry FROM series WHERE disposition = 'kept' ORDER BY series_unit`,
    );
    return new Map((rows as unknown as KeptSeries[]).map((row) => [row.series_unit, row]));
  } catch (error) {
    return refuse(error);
  } finally {
    await manifest.close();
  }
}

/** Published, or still in the run's own store. */
function locateTensor(folder: string, seriesUnit: string): string | null {
  const places = [path.join(folder, 'tensors'), path.join(folder, WORK_FOLDER, 'tensors')];
  const file = places
    .map((place) => path.resolve(place, `${seriesUnit}.npy`))
    .find((each) => fs.existsSync(each));
  return file ?? null;
}

/** Tasks that `--task` names. */
export function tasksOf(name: string): Task[] {
  return name === 'all' ? [...TASKS] : TASKS.filter((task) => task === name);
}

/**
 * Refuses a job that cannot learn or cannot choose: every task needs two labels in training and one series in
 * validation.
 * @throws CliError 2
 */
export function checkParts(series: readonly TrainingSeries[], tasks: readonly Task[]): void {
  for (const task of tasks) {
    const of = (part: Part) => series.filter((row) => row.part === part && row.labels[task] != null);
    const labels = new Set(of('train').map((row) => row.labels[task]));
    if (labels.size >= 2 && of('validation').length > 0) continue;
    const patients = (part: Part) => new Set(of(part).map(({ patient }) => patient)).size;
    throw new CliError(
      `Task ${task}: ${labels.size} label(s) from ${patients('train')} patient(s) to train on, ` +
        `${of('validation').length} series of ${patients('validation')} patient(s) to choose by. Two labels and one ` +
        'validation series are the least. Patients are dealt 70/20/10 by a hash: curate more of them, leave the ' +
        'task out with --task, or deal anew with another --seed.',
      2,
    );
  }
}
