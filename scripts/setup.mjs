// Everything that a fresh clone needs: packages, dist/ and, with --test, the independent judges of the tests.
// Repeatable, and quick when there is nothing left to do. Uses Node's own modules alone, since it runs first.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node.js 20.19 or newer is needed; this is ${process.version}.`);
  process.exit(3);
}

/** Does `work` unless the stamp file holds the digest of `inputs` already. */
function onceFor(stamp, inputs, work) {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(fs.readFileSync(path.join(root, input)));
  const digest = hash.digest('hex');
  const file = path.join(root, stamp);
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === digest) return;
  work();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, digest);
}

const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, stdio: 'inherit', ...options });

onceFor('node_modules/.serieswise-stamp', ['package.json', 'package-lock.json'], () => {
  console.error('Installing packages (once) …');
  // ONNX Runtime's CPU libraries are in its package; its install script would fetch CUDA's.
  run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
});
run(process.execPath, [path.join(root, 'scripts/build.mjs')]);
if (process.argv.includes('--test')) setUpJudges();

function setUpJudges() {
  onceFor('.cache/oracles/.serieswise-stamp', ['test/oracles/requirements.txt'], () => {
    console.error("Installing the tests' Python judges (once) …");
    const folder = path.join(root, '.cache/oracles');
    fs.rmSync(folder, { recursive: true, force: true });
    const venv = spawnSync('python3', ['-m', 'venv', folder], { cwd: root, encoding: 'utf8' });
    if (venv.status !== 0) {
      console.error(
        'python3 -m venv does not work here (Debian: apt-get install python3-venv); the judges are left out.',
      );
      return;
    }
    run(path.join(folder, 'bin/python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '-r',
      'test/oracles/requirements.txt',
    ]);
  });
  const packages = {
    dcmftest: 'dcmtk',
    chromium: 'chromium',
    dciodvfy: 'dicom3tools',
    dcm2niix: 'dcm2niix',
    gdcminfo: 'libgdcm-tools',
    Orthanc: 'orthanc',
    ip: 'iproute2',
    gcc: 'gcc',
  };
  const missing = Object.keys(packages)
    .filter((name) => spawnSync('which', [name]).status !== 0)
    .map((name) => packages[name]);
  if (!fs.existsSync('/usr/share/orthanc/plugins/libOrthancDicomWeb.so')) missing.push('orthanc-dicomweb');
  if (missing.includes('gcc')) missing.push('libc6-dev');
  // Training is tested with Debian's torch (148 MB, half a minute); pip's would bring 5 GB of CUDA.
  const hasTorch = [process.env.SERIESWISE_PYTHON ?? 'python3', '/usr/bin/python3'].some(
    (python) => spawnSync(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status === 0,
  );
  if (!hasTorch) missing.push('python3-torch');
  const mayInstall = process.getuid?.() === 0 && spawnSync('which', ['apt-get']).status === 0;
  if (missing.length === 0 || !mayInstall) return;
  console.error(`Installing ${missing.join(', ')} (once) …`);
  // Debian's Orthanc would be started, open to every network: the tests start it themselves, in a namespace of its own.
  if (missing.some((name) => name.startsWith('orthanc')))
    spawnSync('systemctl', ['mask', 'orthanc.service'], { stdio: 'ignore' });
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  spawnSync('apt-get', ['install', '-y', '-qq', ...missing], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
