import fs from 'node:fs';
import { StageFailure } from '../activities/failures.ts';
import type { RunFiles } from '../activities/store/run-files.ts';

/** Who works on a run in this moment. */
export interface RunLock {
  release(): void;
}

/**
 * One process at a time works on an output. A lock of a process that is gone counts for nothing.
 * @throws StageFailure `run-busy`
 */
export function takeRunLock(files: Pick<RunFiles, 'localFolder' | 'localPath'>): RunLock {
  fs.mkdirSync(files.localFolder, { recursive: true, mode: 0o700 });
  const file = files.localPath('run.lock');
  const holder = readLockHolder(files);
  if (holder !== null) {
    const message = `Another process (${holder}) is working on this output. See: serieswise status, serieswise cancel.`;
    throw new StageFailure('run-busy', 'environment', message);
  }
  fs.rmSync(file, { force: true });
  fs.writeFileSync(file, `${process.pid} ${startOf(process.pid)}`, { mode: 0o600, flag: 'wx' });
  return { release: () => fs.rmSync(file, { force: true }) };
}

/** Process id of the live holder of a run's lock, or null. */
export function readLockHolder(files: Pick<RunFiles, 'localPath'>): number | null {
  try {
    const [pid, start] = fs.readFileSync(files.localPath('run.lock'), 'utf8').split(' ');
    process.kill(Number(pid), 0);
    return Number(pid) !== process.pid && startOf(Number(pid)) === start ? Number(pid) : null;
  } catch {
    return null;
  }
}

/** Start time of a process where the system tells it, so that a process id that was used again is not mistaken. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
