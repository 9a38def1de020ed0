import { digestOf } from '../../pipelines/digest.ts';
import { isRetrieved } from '../../pipelines/source-kinds.ts';
import type { StageContext } from '../context.ts';
import { openSource } from './open-source.ts';
import type { StudySource } from './port.ts';

/** How long connections stay after the last activity that used them, ms. */
const IDLE_MS = 2_000;

/** Sources of this process, one for each run and spec: activities share connections, rate and receiver. */
export interface SourcePool {
  acquire(context: StageContext): { source: StudySource; release(): void };
}

export function createSourcePool(): SourcePool {
  const open = new Map<string, { source: StudySource; users: number }>();
  return {
    acquire(context) {
      const { source: spec } = context.pipeline;
      if (!isRetrieved(spec)) throw new Error('this pipeline reads files');
      const key = `${context.files.localFolder}:${digestOf(spec)}`;
      const entry = open.get(key) ?? { source: openSource(spec, context), users: 0 };
      entry.users += 1;
      open.set(key, entry);
      return {
        source: entry.source,
        release() {
          entry.users -= 1;
          if (entry.users > 0) return;
          setTimeout(() => {
            if (entry.users > 0 || open.get(key) !== entry) return;
            open.delete(key);
            entry.source.close().catch(() => {});
          }, IDLE_MS).unref();
        },
      };
    },
  };
}
