/**
 * Failures as payloads, for the worker and the client: with it messages go through the payload codec too. Loaded by its
 * path, and only with a codec (`payload-codec.ts`).
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
