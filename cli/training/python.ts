/** The Python that trains: one that has torch and numpy. */
import { execFileSync } from 'node:child_process';

const CANDIDATES = ['python3', '/usr/bin/python3', 'python'];

const LOOK_FOR =
  'import importlib.util as u, sys; ' +
  'print(sys.executable if u.find_spec("torch") and u.find_spec("numpy") else "")';

/** How to get one, for messages. */
export const INSTALL_TORCH =
  'Debian or Ubuntu: apt-get install python3-torch; elsewhere: pip install torch numpy onnx (torch 1.13 or newer). ' +
  'SERIESWISE_PYTHON names a Python that is not on the PATH.';

/**
 * Path of the first Python with torch and numpy: `SERIESWISE_PYTHON`, or `python3` of the PATH, or the system's.
 * Null where there is none. Nothing is imported, so that looking is quick.
 */
export function findTrainingPython(env: NodeJS.ProcessEnv = process.env): string | null {
  const named = env.SERIESWISE_PYTHON;
  for (const python of named === undefined || named === '' ? CANDIDATES : [named]) {
    try {
      const found = execFileSync(python, ['-c', LOOK_FOR], {
        encoding: 'utf8',
        timeout: 20_000,
        stdio: ['ignore', 'pipe', 'ignore'],
        env,
      });
      if (found.trim() !== '') return found.trim();
    } catch {
      // Not there, or broken: the next may do.
    }
  }
  return null;
}
