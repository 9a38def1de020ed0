/** Kinds of sources, for those who need not check a spec: workflows, for one, go without the parser. */
import type { RetrievedSource, Source } from './source-schema.ts';

/** Whether a source is a PACS, or what came from one, rather than files. */
export function isRetrieved(source: Source): source is RetrievedSource {
  return source.type !== 'directory' && source.type !== 'archive';
}

/** Whether a source reads what it asks for from a list, the file of `--input`. */
export function needsList(source: Source): boolean {
  return (source.type === 'dicomweb' || source.type === 'dimse') && source.select.by !== 'query';
}
