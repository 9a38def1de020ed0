/** What a figure of the report is: one query over the manifest tables, and how its answer is shown. */

/** A column of an answer as people read it. */
export interface FigureColumn {
  /** Name in the answer. */
  readonly name: string;
  readonly title: string;
  /** `count`: with separators of thousands; `keys`: a list of keys; `reason`: with its meaning below. Else plain. */
  readonly as?: 'count' | 'keys' | 'reason';
}

/** One bar segment; its colour goes by its place. At most four. */
type Part = Pick<FigureColumn, 'name' | 'title'>;

export type FigureView =
  | { readonly kind: 'cards'; readonly cards: readonly FigureColumn[] }
  | { readonly kind: 'flow' }
  | { readonly kind: 'table'; readonly columns: readonly FigureColumn[] }
  /** A bar for each row, of `parts` side by side, with the number in `total` behind it. */
  | {
      readonly kind: 'bars';
      readonly label: string;
      readonly parts: readonly Part[];
      readonly total: string;
    }
  /** Bins of equal `width` from 0 to 1 that begin at the number in `from`; bins without a row are empty. */
  | {
      readonly kind: 'histogram';
      readonly from: string;
      readonly width: number;
      readonly parts: readonly Part[];
      readonly axis: string;
      /** A dashed line with its name. */
      readonly marker?: { readonly at: number; readonly title: string };
    }
  /** One number and its bounds in words; `problem` where the query gave no number. */
  | {
      readonly kind: 'bounded';
      readonly expected: string;
      readonly holds: boolean;
      readonly problem: string | null;
    }
  /** The thumbnail of each row's `series_unit`, below a heading for each value of `group` if there is one. */
  | { readonly kind: 'pictures'; readonly group?: string; readonly words: readonly FigureColumn[] };

/** A figure: everything that it shows is in the answer to `sql`. */
export interface Figure {
  /** Unique, kebab-case. */
  readonly id: string;
  readonly title: string;
  /** One SELECT that `serieswise query DIR` takes as it is; in its order rows are shown. No double quotes. */
  readonly sql: string;
  readonly view: FigureView;
  /** How to read it, or what it leaves out. */
  readonly note?: string;
}

/** Figures under one heading. */
export interface ReportSection {
  readonly id: string;
  readonly title: string;
  readonly intro?: string;
  readonly figures: readonly Figure[];
}

/** What figures depend on besides the tables. */
export interface ReportSettings {
  /** Thumbnails for each body part, at most. */
  readonly picturesPerLabel: number;
  /** `classify.review_below` of the pipeline: a lower score goes to review. */
  readonly reviewBelow: { readonly body_part: number; readonly axis: number; readonly contrast: number };
}

/** Every query of the three tasks, in the order in which people name them. */
export const TASKS = [
  { task: 'body_part', title: 'Body part' },
  { task: 'axis', title: 'Axis' },
  { task: 'contrast', title: 'IV contrast' },
] as const;

/** The parts of a bar of kept units. */
export const REVIEW_PARTS = [
  { name: 'accepted', title: 'accepted' },
  { name: 'to_review', title: 'to be reviewed' },
] as const;
