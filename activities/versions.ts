/**
 * Version of what each stage does. Raise one when the same input would give another output: what rests on it is then
 * made again, and nothing else.
 */
export const STEP_VERSIONS = { deidentify: 5, group: 2, preprocess: 4, classify: 2, publish: 4 } as const;
