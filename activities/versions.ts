/**
 * Version of what each stage does. Raise one when the same input would give another output: what rests on it is then
 * made again, and nothing else.
 */
export const STEP_VERSIONS = { deidentify: 2, group: 1, preprocess: 2, classify: 1, publish: 1 } as const;
