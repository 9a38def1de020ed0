/**
 * The closed vocabulary of the table `retrievals`: why something that was asked for is not there, or not as it was
 * announced.
 */
export const RETRIEVAL_REASONS = {
  'not-found': 'The source knows no such study.',
  empty: 'The source knows the study or series and lists no instance of it.',
  'not-wanted': 'The series is of a modality that the pipeline does not ask for.',
  'not-delivered': 'Listed, but no answer held it, also not when it was asked for alone.',
  'counts-differ': 'All that is listed came; the source announces another number.',
  refused: 'The source refuses to give it.',
  'server-error': 'The source failed, also after all attempts.',
  'timed-out': 'The answer did not come in time, also after all attempts.',
  truncated: 'The answer ended before its end, also after all attempts.',
  'bad-answer': 'The answer is not what was asked for.',
  'too-large': 'An instance is larger than the pipeline allows.',
  'still-arriving': 'The study was not complete yet when the run began; the next run takes it.',
} as const;

export type RetrievalReason = keyof typeof RETRIEVAL_REASONS;

/** What became of what was asked for. */
export const RETRIEVAL_OUTCOMES = ['complete', 'partial', 'missing', 'skipped'] as const;

export type RetrievalOutcome = (typeof RETRIEVAL_OUTCOMES)[number];
