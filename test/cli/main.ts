import { vi } from 'vitest';
import { main } from '../../cli/main.ts';
import type { ProgramResult } from './program.ts';

/**
 * Runs the program's `main` in this process, from the sources: what `runProgram` gives, without the start of a process,
 * which costs a CPU second. For commands that start no server; one call at a time.
 */
export async function runMain(args: readonly string[]): Promise<ProgramResult> {
  const written = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text, ...rest: unknown[]) => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      const done = rest.find((each) => typeof each === 'function');
      if (done !== undefined) queueMicrotask(done as () => void);
      return true;
    });
  const spies = [capture('stdout'), capture('stderr')];
  const codeBefore = process.exitCode;
  const listenersBefore = new Set(process.stdout.listeners('error'));
  process.exitCode = undefined;
  try {
    await main(['node', 'serieswise', ...args]);
    return { exitCode: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.exitCode = codeBefore;
    for (const listener of process.stdout.listeners('error'))
      if (!listenersBefore.has(listener)) process.stdout.off('error', listener as () => void);
    for (const spy of spies) spy.mockRestore();
  }
}
