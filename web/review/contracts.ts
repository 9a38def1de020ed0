/** What the review page and its server say to each other, as JSON. Pseudonyms, labels and numbers alone. */

export type Task = 'body_part' | 'axis' | 'contrast';
export type Role = 'reader' | 'adjudicator';
export type Labels = Readonly<Record<Task, string>>;

/** A decision that stands. */
export interface Decision {
  readonly reader: string;
  readonly role: Role;
  readonly action: 'accept' | 'relabel' | 'exclude';
  /** Null for an excluded unit. */
  readonly labels: Labels | null;
}

/** What a key press asks the server to keep. */
export type DecisionRequest =
  | {
      readonly action: 'accept' | 'relabel';
      readonly unit: string;
      readonly labels: Labels;
      readonly readingMs: number;
    }
  | { readonly action: 'exclude'; readonly unit: string; readonly readingMs: number }
  | { readonly action: 'undo' };

/** The answer, given once the decision is on the disk. */
export interface DecisionReply {
  readonly unit: string;
  /** Null after an undo that leaves nothing. */
  readonly decision: Decision | null;
  /** Decisions of this reader that stand. */
  readonly decided: number;
}

/** One task of a unit. */
export interface TaskView {
  readonly label: string;
  readonly score: number;
  readonly second: string | null;
  readonly header: string | null;
  readonly agreement: string | null;
}

/** One series unit of the queue. */
export interface QueueItem {
  readonly unit: string;
  readonly place: number;
  readonly tasks: Readonly<Record<Task, TaskView>>;
  readonly conflict: number;
  readonly uncertainty: number;
  readonly rarity: number;
  readonly reasons: readonly string[];
  /** Plane of the slices as the geometry tells, else as predicted. */
  readonly plane: 'axial' | 'coronal' | 'sagittal';
  /** Extent along slices, rows and columns, mm; null where the geometry does not tell. */
  readonly extentMm: readonly [number, number, number] | null;
  /** Closed vocabularies, pseudonyms and numbers about the unit, in the order in which they are shown. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** This reader's decision in this role. */
  readonly decision: Decision | null;
  /** Decisions of the readers: for adjudicators alone, since readers must not see one another's. */
  readonly others: readonly Decision[];
}

export const STATES = ['all', 'open', 'decided', 'relabelled', 'excluded', 'disputed'] as const;
export const FACETS = ['body_part', 'axis', 'contrast', 'reason', 'manufacturer'] as const;

/** Which units, in which order. */
export interface QueueRequest {
  readonly state: (typeof STATES)[number];
  /** Units that conflict with their header in some task. */
  readonly conflicts: boolean;
  /** Begin of a key, or empty. */
  readonly key: string;
  readonly facets: Partial<Readonly<Record<(typeof FACETS)[number], string>>>;
  /** A random sample of what the filters leave, instead of the order of the queue. */
  readonly sample: number | null;
}

export interface QueueReply {
  /** Names this order: pages of it do not move while decisions are made. */
  readonly snapshot: number;
  readonly total: number;
  /** Units that the filters leave, sampled or not. */
  readonly population: number;
}

export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** What the page needs to begin. */
export interface SessionReply {
  readonly version: string;
  readonly reader: string;
  readonly role: Role;
  readonly pipeline: string | null;
  /** Whether there are series units to look at; else only the run can be watched. */
  readonly ready: boolean;
  readonly shape: readonly [number, number, number];
  readonly windowHu: readonly [number, number];
  readonly vocabulary: Readonly<Record<Task, readonly string[]>>;
  readonly facets: Readonly<Record<(typeof FACETS)[number], readonly FacetValue[]>>;
}

export interface AgreementRow {
  readonly first: string;
  readonly second: string;
  readonly task: Task;
  readonly units: number;
  readonly observed: number | null;
  readonly kappa: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** How far the review is. */
export interface ProgressReply {
  readonly units: number;
  readonly resolved: number;
  readonly disputed: number;
  readonly excluded: number;
  readonly readers: readonly {
    readonly reader: string;
    readonly role: Role;
    readonly decided: number;
    readonly relabelled: number;
    readonly excluded: number;
    readonly medianSeconds: number | null;
  }[];
  /** Empty for readers: figures about others would tell what they have decided. */
  readonly agreement: readonly AgreementRow[];
}

/** A plan for a sample, and what the sample shows so far. */
export interface SampleReply {
  readonly population: number;
  /** Units to read; null when no sample can show it. */
  readonly needed: number | null;
  readonly read: number;
  readonly errors: number;
  readonly mostErrorRate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly shown: boolean;
}

/** The run itself, under way or done. */
export interface RunReply {
  readonly status: 'running' | 'done' | 'interrupted' | 'unknown';
  readonly stage: string | null;
  readonly filesSeen: number;
  readonly filesDone: number;
  readonly batchesDone: number;
  readonly batchCount: number;
  readonly failedBatches: number;
  readonly instances: Readonly<Record<string, number>>;
  readonly series: Readonly<Record<string, number>>;
  /** Over the last minute; null until there are two looks. */
  readonly filesPerSecond: number | null;
  readonly secondsLeft: number | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Temporal's own page about the workflow, where one is served. */
  readonly temporalUrl: string | null;
}
