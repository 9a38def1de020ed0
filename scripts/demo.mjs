// The command `demo` of the program that this checkout builds, in the folder where npm was called.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { status, signal } = spawnSync(
  process.execPath,
  [path.join(root, 'bin/serieswise'), 'demo', ...process.argv.slice(2)],
  { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() },
);
process.exitCode = signal ? 130 : (status ?? 1);
