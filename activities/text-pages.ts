/** Looks into the pixels of images that fell out by their header, for pages of text. */
import { DicomError } from '../dicom/errors.ts';
import { loadCodec } from '../dicom/pixels.ts';
import { textPageCandidates } from '../stages/group/text-page-candidates.ts';
import { looksLikeTextPage } from '../stages/preprocess/pixel-evidence.ts';
import type { InstanceRecord, InstanceVerdict } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { InstanceFiles } from './instances.ts';
import { SliceReader } from './slice-reader.ts';
import { placeOfRun, SourceReader } from './store/sources.ts';

interface PageSearch {
  records: ReadonlyMap<string, InstanceRecord>;
  /** By the header alone. */
  verdicts: readonly InstanceVerdict[];
  /** What was found in an earlier run. */
  known: Readonly<Record<string, boolean>>;
}

/** @returns for each image that was looked at, by the digest of its de-identified file, whether it is a page */
export async function findTextPages(
  context: StageContext,
  batch: number,
  { records, verdicts, known }: PageSearch,
): Promise<Record<string, boolean>> {
  const pages: Record<string, boolean> = {};
  const reader = new SourceReader(placeOfRun(context));
  try {
    const instances = new InstanceFiles(context, batch, reader);
    for (const record of textPageCandidates(records, verdicts)) {
      const digest = record.outputSha256!;
      pages[digest] = known[digest] ?? (await isPage(instances, record));
    }
    return pages;
  } finally {
    reader.close();
  }
}

async function isPage(instances: InstanceFiles, record: InstanceRecord): Promise<boolean> {
  const { rows, columns, bitsAllocated, frames } = record.image!;
  const file = await instances.open(record);
  const buffer = new Uint8Array(Math.ceil((rows * columns * bitsAllocated) / 8));
  const slices = new SliceReader();
  try {
    await loadCodec(record.transferSyntaxUid ?? '');
    return frames.every(({ frame }) =>
      looksLikeTextPage(slices.read(file, record, frame, buffer).values, rows, columns),
    );
  } catch (error) {
    // What cannot be decoded is not kept anyhow, and its reason stays.
    if (error instanceof DicomError) return false;
    throw error;
  } finally {
    slices.close();
    instances.forget();
  }
}
