import type { RetrievedSource } from '../../pipelines/source-schema.ts';
import { dicomwebConnection } from './credentials.ts';
import { openDicomweb } from './dicomweb.ts';
import type { StudySource } from './port.ts';

/** Opens what a spec names. @throws StageFailure `source-settings` */
export function openSource(source: RetrievedSource): StudySource {
  if (source.type === 'dicomweb') return openDicomweb(source, dicomwebConnection(source));
  throw new Error('not yet');
}
