/** What a run on an output that exists would do again, and why. Reads what the last run left; writes nothing. */
import { digestOf } from '../pipelines/digest.ts';
import type { Pipeline } from '../pipelines/schema.ts';
import type { InstanceRecord, SeriesUnit, SourceEntry } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { type StoredInstance, stampOf } from './instances.ts';
import {
  hasWantedFiles,
  indexBySopInstance,
  labelsOf,
  locateTensor,
  readUnit,
  recordOfSlice,
  tensorKeyOf,
} from './units.ts';
import { STEP_VERSIONS } from './versions.ts';

/** Why something would be done again. */
export type RedoReason =
  | 'late-arrival'
  | 'changed-file'
  | 'other-slices'
  | 'changed-option'
  | 'changed-step-version'
  | 'new-bundle'
  | 'tensor-not-kept'
  | 'missing-file';

/** Of one stage: how many files or units there are, and how many would be done again, by reason. */
export interface StageRedo {
  of: number;
  again: number;
  reasons: Partial<Record<RedoReason, number>>;
}

/** Files for deidentify, kept series units for the others. */
export type Redo = Record<'deidentify' | 'preprocess' | 'classify' | 'publish', StageRedo> & {
  /** Size of the files that would be de-identified again. */
  bytes: number;
  /** Files that the last run saw and that are not there any more. */
  gone: number;
};

/** The run that made the output, by its run.json. */
export interface LastRun {
  pipeline: Pipeline;
  bundleSha256: string;
  stepVersions: Readonly<Record<string, number | string>>;
}

/** Holds a planned run to what the last one left. */
export class RedoPlan {
  private readonly context: StageContext;
  private readonly last: LastRun;
  private readonly bundleSha256: string;
  private readonly stored: Map<string, StoredInstance>;
  private readonly redone = new Map<string, RedoReason>();
  private readonly redo: Redo;

  private constructor(
    context: StageContext,
    last: LastRun,
    bundleSha256: string,
    stored: Map<string, StoredInstance>,
  ) {
    this.context = context;
    this.last = last;
    this.bundleSha256 = bundleSha256;
    this.stored = stored;
    const none = () => ({ of: 0, again: 0, reasons: {} });
    this.redo = {
      deidentify: none(),
      preprocess: none(),
      classify: none(),
      publish: none(),
      bytes: 0,
      gone: 0,
    };
  }

  /** @param context of the planned run; all records of the last one are held in memory, as `plan` holds those of its own */
  static async open(context: StageContext, last: LastRun, bundleSha256: string): Promise<RedoPlan> {
    const { files } = context;
    const stored = new Map<string, StoredInstance>();
    for (const batch of await files.listBatches())
      for (const instance of (await files.readJson<StoredInstance[]>(files.names.instances(batch))) ?? [])
        stored.set(instance.record.sourceKey, instance);
    return new RedoPlan(context, last, bundleSha256, stored);
  }

  /** The record of a source file that need not be de-identified again, or null; to be asked once for each file. */
  takeRecord(entry: SourceEntry): InstanceRecord | null {
    const known = this.stored.get(entry.sourceKey);
    this.stored.delete(entry.sourceKey);
    const stamp = stampOf(this.context, entry);
    if (known?.stamp === stamp) {
      count(this.redo.deidentify, null);
      return known.record;
    }
    // The last part of a stamp is the way of de-identifying.
    const fileOf = (text: string) => text.slice(0, text.lastIndexOf(':'));
    const reason =
      known === undefined
        ? 'late-arrival'
        : fileOf(known.stamp) !== fileOf(stamp)
          ? 'changed-file'
          : this.whyChanged(['deidentify'], 'deidentify');
    this.redone.set(entry.sourceKey, reason);
    this.redo.bytes += entry.bytes;
    count(this.redo.deidentify, reason);
    return null;
  }

  /** What would be done again for the grouped files, once all were asked for. */
  async finish(units: readonly SeriesUnit[], records: readonly InstanceRecord[]): Promise<Redo> {
    const index = indexBySopInstance(new Map(records.map((record) => [record.sourceKey, record])));
    const rows = this.whyAllRows();
    for (const unit of units) {
      if (unit.disposition !== 'kept') continue;
      const { preprocess, classify } = await this.planUnit(unit, index);
      count(this.redo.preprocess, preprocess);
      count(this.redo.classify, classify);
      count(this.redo.publish, rows ?? classify ?? preprocess);
    }
    this.redo.gone = this.stored.size;
    return this.redo;
  }

  private async planUnit(
    unit: SeriesUnit,
    index: ReadonlyMap<string, InstanceRecord>,
  ): Promise<{ preprocess: RedoReason | null; classify: RedoReason | null }> {
    const { context } = this;
    const sources = unit.slices.map(({ sopInstanceUid }) => recordOfSlice(index, sopInstanceUid).sourceKey);
    const redone = sources.map((key) => this.redone.get(key)).find((reason) => reason !== undefined);
    if (redone !== undefined) return { preprocess: redone, classify: redone };
    const result = await readUnit(context, unit.seriesUnit);
    if (result === null || result.tensorKey !== tensorKeyOf(context, unit, index)) {
      const isOther = ['preprocess', 'group', 'exclude', 'plugins'] as const;
      const isSame = !this.hasChanged(isOther) && !this.hasVersion('preprocess') && !this.hasVersion('group');
      const reason = isSame ? 'other-slices' : this.whyChanged(isOther, 'preprocess');
      return { preprocess: reason, classify: reason };
    }
    const { tensor } = result;
    if (tensor.reason !== null) return { preprocess: null, classify: null };
    const isLabelled = labelsOf(result, this.bundleSha256) !== null;
    const classify = isLabelled ? null : this.hasNewBundle() ? 'new-bundle' : 'changed-step-version';
    if (!isLabelled && (await locateTensor(context, unit.seriesUnit, tensor)) === null)
      return { preprocess: 'tensor-not-kept', classify };
    if (await hasWantedFiles(context, unit.seriesUnit, tensor)) return { preprocess: null, classify };
    const isWantedNow = this.hasChanged(['publish', 'deidentify']);
    return { preprocess: isWantedNow ? 'changed-option' : 'missing-file', classify };
  }

  /** Why the rows of every unit are made again; null when only those of units that are done again. */
  private whyAllRows(): RedoReason | null {
    const { source: _source, name: _name, ...steps } = this.context.pipeline;
    if (this.hasNewBundle()) return 'new-bundle';
    if (this.hasChanged(Object.keys(steps) as (keyof Pipeline)[])) return 'changed-option';
    const isSame = digestOf(this.last.stepVersions) === digestOf(STEP_VERSIONS);
    return isSame ? null : 'changed-step-version';
  }

  private whyChanged(keys: readonly (keyof Pipeline)[], step: keyof typeof STEP_VERSIONS): RedoReason {
    return this.hasVersion(step) && !this.hasChanged(keys) ? 'changed-step-version' : 'changed-option';
  }

  private hasChanged(keys: readonly (keyof Pipeline)[]): boolean {
    const partOf = (pipeline: Pipeline) => digestOf(keys.map((key) => pipeline[key] ?? null));
    return partOf(this.last.pipeline) !== partOf(this.context.pipeline);
  }

  /** Whether the step is of another version than it was. */
  private hasVersion(step: keyof typeof STEP_VERSIONS): boolean {
    return this.last.stepVersions[step] !== STEP_VERSIONS[step];
  }

  private hasNewBundle(): boolean {
    return this.last.bundleSha256 !== this.bundleSha256;
  }
}

function count(stage: StageRedo, reason: RedoReason | null): void {
  stage.of += 1;
  if (reason === null) return;
  stage.again += 1;
  stage.reasons[reason] = (stage.reasons[reason] ?? 0) + 1;
}
