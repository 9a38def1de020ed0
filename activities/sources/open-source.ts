import type { RetrievedSource } from '../../pipelines/source-schema.ts';
import type { StageContext } from '../context.ts';
import { dicomwebConnection, dimseConnection } from './credentials.ts';
import { openDicomweb } from './dicomweb.ts';
import { openDimse } from './dimse.ts';
import { openInbox } from './inbox.ts';
import type { StudySource } from './port.ts';

/** Opens what a spec names. @throws StageFailure `source-settings` */
export function openSource(
  source: RetrievedSource,
  context: Pick<StageContext, 'files' | 'pseudonymizer'>,
): StudySource {
  if (source.type === 'dicomweb') return openDicomweb(source, dicomwebConnection(source));
  if (source.type === 'dimse') return openDimse(source, dimseConnection(source));
  return openInbox(source, context);
}
