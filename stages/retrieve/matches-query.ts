/** Whether a study is what a query asks for: servers ignore what they cannot match. */
import type { StudyQuery } from '../../pipelines/source-schema.ts';

/** What a source tells of a study; undefined where it does not. */
export interface StudyFacts {
  /** `YYYYMMDD` */
  studyDate?: string | undefined;
  modalities?: readonly string[] | undefined;
  studyDescription?: string | undefined;
  department?: string | undefined;
}

/** Holds a study to a query by what the source tells of it. What the source does not tell is left to the source. */
export function matchesQuery(study: StudyFacts, query: StudyQuery): boolean {
  const { study_date: date, modalities = [], study_description: description, department } = query;
  const day = study.studyDate?.replaceAll('.', '').slice(0, 8);
  if (day !== undefined && day !== '') {
    if (date?.from !== undefined && day < date.from.replaceAll('-', '')) return false;
    if (date?.to !== undefined && day > date.to.replaceAll('-', '')) return false;
  }
  const told = study.modalities?.filter((modality) => modality !== '') ?? [];
  if (modalities.length > 0 && told.length > 0 && !told.some((modality) => modalities.includes(modality)))
    return false;
  return matchesPattern(study.studyDescription, description) && matchesPattern(study.department, department);
}

function matchesPattern(text: string | undefined, pattern: string | undefined): boolean {
  if (pattern === undefined || text === undefined) return true;
  // Two-pointer matching: patterns with many stars must not need exponential time.
  const value = [...text.trim().toLowerCase()];
  const wanted = [...pattern.toLowerCase()];
  let [at, star, mark] = [0, -1, 0];
  let index = 0;
  while (index < value.length) {
    if (wanted[at] === '*') [star, mark, at] = [at, index, at + 1];
    else if (wanted[at] === '?' || wanted[at] === value[index]) [at, index] = [at + 1, index + 1];
    else if (star >= 0) [at, mark, index] = [star + 1, mark + 1, mark + 1];
    else return false;
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}

/** The range of PS3.4 section C.2.2.2.5.1, such as `20260101-`; undefined for every day. */
export function dateRange(query: StudyQuery): string | undefined {
  const { from = '', to = '' } = query.study_date ?? {};
  return from === '' && to === '' ? undefined : `${from}-${to}`.replace(/(\d{4})-(\d\d)-(\d\d)/g, '$1$2$3');
}
