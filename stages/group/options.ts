/** What may tell two units of one series apart. Matrix, pixel spacing and orientation always do. */
export type SplitKey =
  | 'orientation'
  | 'image_type'
  | 'acquisition'
  | 'kernel'
  | 'temporal_position'
  | 'field_of_view'
  | 'matrix';

/** A kind of image that a pipeline may leave out. */
export type ExclusionRule =
  | 'localizer'
  | 'dose-report'
  | 'secondary-capture'
  | 'screen-save'
  | 'post-processed'
  | 'not-ct'
  | 'ct-fluoroscopy'
  | 'bolus-tracking'
  | 'phantom'
  | 'scanned-document';

export interface GroupOptions {
  splitBy: readonly SplitKey[];
  exclude: readonly ExclusionRule[];
  /** Fewest slices that make a volume. */
  minSlices: number;
}
