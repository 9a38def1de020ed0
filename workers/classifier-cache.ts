import type { LoadedClassifier } from '../activities/classify.ts';
import { StageFailure } from '../activities/failures.ts';
import type { RunReference } from '../activities/run-reference.ts';
import { RunFiles } from '../activities/store/run-files.ts';
import type { State } from '../activities/store/state.ts';
import { type Bundle, loadBundle, resolveBundle } from '../models/bundle.ts';
import type { Classifier } from '../models/classifier.ts';
import { BundleError } from '../models/errors.ts';
import { createLastingClassifier, type LastingOptions } from '../models/lasting-classifier.ts';

/** Classifiers of this process, by bundle: sessions are long-lived, since they leak when they are made again. */
export class ClassifierCache {
  private readonly state: State;
  private readonly options: LastingOptions;
  private readonly watch: (classifier: Classifier) => Classifier;
  private readonly loaded = new Map<string, Promise<LoadedClassifier>>();

  /** @param watch wraps each classifier once it is loaded */
  constructor(state: State, options: LastingOptions, watch = (classifier: Classifier) => classifier) {
    this.state = state;
    this.options = options;
    this.watch = watch;
  }

  /** @throws StageFailure `bundle-changed`; BundleError, ClassifierError */
  async get(run: RunReference): Promise<LoadedClassifier> {
    const { sha256 } = run.bundle;
    let loading = this.loaded.get(sha256);
    if (loading === undefined) {
      loading = this.load(run);
      this.loaded.set(sha256, loading);
      loading.catch(() => this.loaded.delete(sha256));
    }
    return loading;
  }

  private async load(run: RunReference): Promise<LoadedClassifier> {
    const classifier = await createLastingClassifier(() => findBundle(this.state, run), this.options);
    return { bundleSha256: run.bundle.sha256, classifier: this.watch(classifier) };
  }

  async close(): Promise<void> {
    for (const loading of this.loaded.values())
      await loading.then(({ classifier }) => classifier.close()).catch(() => {});
  }
}

/** The bundle where the run was started, or the one of that name in this worker's own checkout. */
async function findBundle(state: State, run: RunReference): Promise<Bundle> {
  const { bundleFolder } = await (await RunFiles.open(state, run.runKey)).readSettings();
  try {
    const bundle = await loadBundle(bundleFolder);
    if (bundle.sha256 === run.bundle.sha256) return bundle;
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
  }
  const bundle = await loadBundle(await resolveBundle(run.bundle.name));
  if (bundle.sha256 === run.bundle.sha256) return bundle;
  throw new StageFailure(
    'bundle-changed',
    'permanent',
    'This worker has another version of the model bundle than the run was started with.',
  );
}
