/** When the frames of a source were acquired and made: read to order them, and kept by nothing that is published. */
import type { DicomDataset, DicomFile } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { getItems, getString } from '../../dicom/values.ts';

/** Seconds on a common scale, of one frame; null where the header is silent. Private: they may tell who was scanned. */
export interface FrameTimes {
  acquisition: number | null;
  content: number | null;
}

const ACQUISITION_DATE_TIME = tag('AcquisitionDateTime');
const ACQUISITION_DATE = tag('AcquisitionDate');
const ACQUISITION_TIME = tag('AcquisitionTime');
const CONTENT_DATE = tag('ContentDate');
const CONTENT_TIME = tag('ContentTime');
const FRAME_CONTENT = tag('FrameContentSequence');
const FRAME_ACQUISITION_DATE_TIME = tag('FrameAcquisitionDateTime');
const FRAME_REFERENCE_DATE_TIME = tag('FrameReferenceDateTime');

/** Times of each frame. PS3.3 C.7.6.1, C.7.6.16.2.2 */
export function readTimes(file: DicomFile, frameCount: number, isMultiFrame: boolean): FrameTimes[] {
  const { dataset } = file;
  const text = (key: number, item: DicomDataset = dataset) => getString(file, item, key) ?? '';
  const whole: FrameTimes = {
    acquisition:
      secondsOf(text(ACQUISITION_DATE_TIME)) ?? secondsOf(text(ACQUISITION_DATE), text(ACQUISITION_TIME)),
    content: secondsOf(text(CONTENT_DATE), text(CONTENT_TIME)),
  };
  const groups = isMultiFrame ? getItems(dataset, TAGS.PerFrameFunctionalGroupsSequence) : [];
  return Array.from({ length: frameCount }, (_, frame) => {
    const own = groups[frame]?.dataset;
    const content = own === undefined ? undefined : getItems(own, FRAME_CONTENT)[0]?.dataset;
    if (content === undefined) return whole;
    return {
      acquisition: secondsOf(text(FRAME_ACQUISITION_DATE_TIME, content)) ?? whole.acquisition,
      content: secondsOf(text(FRAME_REFERENCE_DATE_TIME, content)) ?? whole.content,
    };
  });
}

/**
 * Seconds of a DT, or of a DA and a TM; without a date those of the day. PS3.5 section 6.2. A time zone (`+0100`) is
 * left out: a series has one.
 */
function secondsOf(date: string, time = date.slice(8)): number | null {
  const clock = /^(\d{2}):?(\d{2})?:?(\d{2}(?:\.\d{1,6})?)?/.exec(time.trim());
  if (clock === null) return null;
  const [, hours = '0', minutes = '0', seconds = '0'] = clock;
  const day = /^(\d{4})\.?(\d{2})\.?(\d{2})/.exec(date.trim());
  const days = day === null ? 0 : Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3])) / 86_400_000;
  const total = days * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return Number.isFinite(total) ? total : null;
}
