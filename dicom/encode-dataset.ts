/** Whole data sets from values by keyword: for objects that this program makes itself. */
import { concatBytes, type ElementValue, type Encoding, encodeElement, encodeSequence } from './encode.ts';
import { lookUpTag, tag } from './tags.ts';

/**
 * Attributes by their keyword of PS3.6: a value, or of a sequence its items. The VR is the dictionary's. Text beyond
 * ASCII comes as bytes in the character set that the data set names.
 */
export interface DatasetValues {
  readonly [keyword: string]: ElementValue | readonly DatasetValues[];
}

/** The elements in ascending order of their tags, those of items too. @throws RangeError for a mistake in the program */
export function encodeDataset(values: DatasetValues, encoding: Encoding): Uint8Array {
  const elements = Object.entries(values)
    .map(([keyword, value]) => ({ tagNumber: tag(keyword), value }))
    .sort((a, b) => a.tagNumber - b.tagNumber);
  return concatBytes(
    elements.map(({ tagNumber, value }) => {
      const vr = lookUpTag(tagNumber)!.vr;
      if (vr !== 'SQ') return encodeElement(tagNumber, vr, value as ElementValue, encoding);
      const items = (value as readonly DatasetValues[]).map((item) => encodeDataset(item, encoding));
      return encodeSequence(tagNumber, items, encoding);
    }),
  );
}
