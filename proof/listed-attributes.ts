import { CONFIDENTIALITY_ROWS } from '../dicom/confidentiality.generated.ts';
import { isPrivateTag, lookUpTag } from '../dicom/tags.ts';
import { isStringVr } from '../dicom/vr.ts';

/** An attribute of PS3.15 table E.1-1. */
export interface ListedAttribute {
  tag: number;
  /** Of the dictionary, the first. */
  vr: string;
  keyword: string;
}

/** Planted by other means, or what a file is told by: not to be overwritten by chance. */
const NOT_BY_CHANCE = /^(SOP|Study|Series)InstanceUID$|^PatientID$|^ContentSequence$/;

let listed: ListedAttribute[] | undefined;

/** Every attribute of the table with a tag of its own, outside of File Meta. */
function listListedAttributes(): readonly ListedAttribute[] {
  listed ??= CONFIDENTIALITY_ROWS.split('\n').flatMap((row) => {
    const digits = row.split(' ')[0]!;
    if (!/^[0-9A-F]{8}$/.test(digits)) return [];
    const number = Number.parseInt(digits, 16);
    const entry = lookUpTag(number);
    return entry === undefined || number >>> 16 <= 2
      ? []
      : [{ tag: number, vr: entry.vr, keyword: entry.keyword }];
  });
  return listed;
}

/** Of those, the ones that hold text. */
export function listTextAttributes(): readonly ListedAttribute[] {
  return listListedAttributes().filter(
    ({ vr, keyword }) => isStringVr(vr) && vr !== 'UI' && !NOT_BY_CHANCE.test(keyword),
  );
}

let tags: ReadonlySet<number> | undefined;

/** The table has a row for it, or it is private: PS3.15 asks for something to be done. */
export function isListed(number: number): boolean {
  tags ??= new Set(listListedAttributes().map((attribute) => attribute.tag));
  const group = number >>> 16;
  return (
    tags.has(number) || isPrivateTag(number) || (group & 0xff00) === 0x5000 || (group & 0xff00) === 0x6000
  );
}
