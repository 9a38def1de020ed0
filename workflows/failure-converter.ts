/**
 * The failure converter of the workflow bundle. A worker with a payload codec sets the flag in front of the bundle's
 * code; without a codec messages stay readable for those who operate the cluster.
 */
import { DefaultFailureConverter } from '@temporalio/common';

const flags = globalThis as { serieswiseEncodesFailures?: boolean };

export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: flags.serieswiseEncodesFailures === true,
});
