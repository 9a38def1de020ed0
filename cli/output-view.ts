import { StageFailure } from '../activities/failures.ts';
import { isBucketLocation, normalizeLocation } from '../activities/store/locations.ts';
import { openStore } from '../activities/store/open-store.ts';
import { type OutputExtent, type OutputView, openOutputView } from '../activities/store/output-view.ts';
import type { Store } from '../activities/store/store.ts';
import { CliError, type ExitCode } from './exit.ts';

const EXIT_CODES: Record<string, Exclude<ExitCode, 0>> = { 'location-invalid': 2, 'object-name-invalid': 1 };

/**
 * Reads an output, wherever it is.
 * @throws CliError 2 for a location that is none, 3 when the bucket cannot be read
 */
export async function withOutputView<Result>(
  location: string,
  extent: OutputExtent,
  read: (view: OutputView) => Promise<Result>,
): Promise<Result> {
  let view: OutputView | null = null;
  try {
    view = await openOutputView(location, extent);
    return await read(view);
  } catch (error) {
    if (error instanceof StageFailure && isBucketLocation(location))
      throw new CliError(error.message, EXIT_CODES[error.code] ?? 3);
    throw error;
  } finally {
    view?.close();
  }
}

/** @throws CliError 2 for a location that is none */
export async function openStoreOrExit(location: string): Promise<Store> {
  try {
    return await openStore(normalizeLocation(location));
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, 2);
    throw error;
  }
}
