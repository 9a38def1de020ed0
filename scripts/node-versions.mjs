// Runs tests with another major version of Node, which npm's `node` package brings into a folder of its own.
//   npm run test:node -- 22            what touches native modules, WebAssembly and the program; two minutes alone
//   npm run test:node -- 22 --all      all of `npm test`
//   npm run test:node -- 22 test/dicom some of it
// Packages and dist/ stay as `npm run setup` left them: native modules hold to Node-API, which is one for all versions.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Temporal's core, ONNX Runtime, DuckDB, codecs, undici, archives, threads, and a whole run by the program. */
const NATIVE = [
  'test/e2e/verify-scan.test.ts',
  'test/workflows/replay.test.ts',
  'test/models/classifier.test.ts',
  'test/manifest/query.test.ts',
  'test/dicom/pixels.test.ts',
  'test/activities/preprocess.test.ts',
  'test/activities/retrieve.test.ts',
  'test/activities/store/sources.test.ts',
  'test/cli/models.test.ts',
];

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [version = '', ...files] = positionals;
if (!/^\d+(\.\d+){0,2}$/.test(version)) {
  console.error('Which version? For example: npm run test:node -- 22');
  process.exit(2);
}
const home = path.join(root, '.cache/node', version);
const bin = path.join(home, 'node_modules/node/bin');
if (!fs.existsSync(path.join(bin, 'node'))) {
  fs.mkdirSync(home, { recursive: true });
  // Its install script fetches the program itself, as a package of the platform.
  const install = [
    'install',
    '--prefix',
    home,
    '--ignore-scripts=false',
    '--loglevel=error',
    `node@${version}`,
  ];
  execFileSync('npm', install, { cwd: home, stdio: 'inherit' });
}
const node = path.join(bin, 'node');
console.log(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`);
const chosen = values.all ? [] : files.length > 0 ? files : NATIVE;
const { status } = spawnSync(node, [path.join(root, 'scripts/run-tests.mjs'), ...chosen], {
  cwd: root,
  stdio: 'inherit',
  // The tests start the program as users do, with the Node of the path.
  env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
});
process.exitCode = status ?? 1;
