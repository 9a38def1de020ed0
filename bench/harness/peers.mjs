// The peers' own environment: .cache/bench, made of bench/requirements.txt, and of bench/requirements-torch.txt where the
// system's Python has torch (PyPI's torch would bring gigabytes of CUDA).
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';

const folder = path.join(root, '.cache/bench');
const torchFolder = path.join(folder, 'torch');
const SYSTEM_PYTHON = '/usr/bin/python3';

export const peerPython = path.join(folder, 'bin/python');

/** The environment of a peer whose libraries may use so many threads. */
export const peerEnvironment = (threads = 1) => ({
  ...process.env,
  OMP_NUM_THREADS: String(threads),
  OPENBLAS_NUM_THREADS: String(threads),
  MKL_NUM_THREADS: String(threads),
  // Of pydicom/deid.
  MESSAGELEVEL: 'QUIET',
});

const hasTorch = () => spawnSync(SYSTEM_PYTHON, ['-c', 'import torch']).status === 0;

/** Installs what is missing. Quick when nothing is. @throws Error when pip cannot */
export function installPeers() {
  const lists = ['requirements.txt', 'requirements-torch.txt'].map((name) => path.join(root, 'bench', name));
  const hash = createHash('sha256');
  for (const list of lists) hash.update(fs.readFileSync(list));
  const stamp = path.join(folder, 'installed');
  const wanted = hash.digest('hex');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  const run = (program, args) => execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (!fs.existsSync(peerPython)) run('python3', ['-m', 'venv', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(peerPython, [...install, '-r', lists[0]]);
  // Without its dependencies: torch and numpy are those of the system.
  if (hasTorch())
    run(peerPython, [...install, '--no-deps', '--target', torchFolder, '--upgrade', '-r', lists[1]]);
  fs.writeFileSync(stamp, wanted);
}

/** Python and environment of the peers that need torch, or null where the system has none. */
export function torchPeer() {
  if (!fs.existsSync(torchFolder) || !hasTorch()) return null;
  return { python: SYSTEM_PYTHON, env: { ...peerEnvironment(), PYTHONPATH: torchFolder } };
}
