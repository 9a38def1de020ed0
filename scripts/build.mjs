// Builds dist/ from the TypeScript sources: modules, data files, the resampling kernel in WebAssembly and the
// workflow bundle. Skips everything when no source has changed since the last build.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDERS } from './folders.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ASSETS = /\.(json|ya?ml|html|css|svg)$/;
const SKIPPED = new Set(['bundles', 'training', 'assembly', 'volumes', 'node_modules']);

/** The worker asks for a source map. This one maps nothing. */
const EMPTY_SOURCE_MAP = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(
  JSON.stringify({ version: 3, file: 'bundle.js', sources: [], names: [], mappings: '' }),
).toString('base64')}\n`;

/** Every file below `folder` (relative to the root), sorted. */
function listFiles(folder, skipped = SKIPPED) {
  const found = [];
  const visit = (relative) => {
    for (const entry of fs.readdirSync(path.join(root, relative), { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const child = path.join(relative, entry.name);
      if (entry.isDirectory()) visit(child);
      else found.push(child);
    }
  };
  if (fs.existsSync(path.join(root, folder))) visit(folder);
  return found.sort();
}

function sourceDigest(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

/** The review page's script and style: one file each, for a browser. */
async function buildReviewPage(next) {
  const { build: bundle } = await import('esbuild');
  await bundle({
    entryPoints: [
      { in: path.join(root, 'web/review/page/main.tsx'), out: 'page' },
      { in: path.join(root, 'web/review/page/page.css'), out: 'page' },
    ],
    outdir: path.join(next, 'web/review/page'),
    tsconfig: path.join(root, 'web/review/page/tsconfig.json'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'inline',
    logLevel: 'warning',
  });
}

async function build() {
  const kernel = 'stages/preprocess/assembly/resample.ts';
  const sources = FOLDERS.flatMap((folder) => listFiles(folder));
  const watched = [
    ...sources,
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
    'scripts/folders.mjs',
  ];
  if (fs.existsSync(path.join(root, kernel))) watched.push(kernel);
  const digest = sourceDigest(watched);
  const stamp = path.join(root, 'dist', '.stamp');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === digest) return;

  // Built beside and renamed, so that an interrupted build or a program that runs meanwhile never sees half of it.
  const next = path.join(root, `.dist-${process.pid}`);
  fs.rmSync(next, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [
      path.join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      path.join(root, 'tsconfig.build.json'),
      '--outDir',
      next,
    ],
    { stdio: 'inherit', cwd: root },
  );
  for (const file of sources) {
    if (!ASSETS.test(file)) continue;
    fs.mkdirSync(path.dirname(path.join(next, file)), { recursive: true });
    fs.copyFileSync(path.join(root, file), path.join(next, file));
  }
  await buildReviewPage(next);
  if (fs.existsSync(path.join(root, kernel))) {
    const wasm = path.join(next, 'stages/preprocess/resample.wasm');
    execFileSync(
      process.execPath,
      [
        path.join(root, 'node_modules/assemblyscript/bin/asc.js'),
        kernel,
        '-o',
        wasm,
        '-O3',
        '--noAssert',
        '--enable',
        'simd',
        '--runtime',
        'stub',
        '--importMemory',
        '--initialMemory',
        '1',
        '--use',
        'abort=',
      ],
      { stdio: 'inherit', cwd: root },
    );
  }
  if (fs.existsSync(path.join(next, 'workflows/index.js'))) {
    const { bundleWorkflowCode } = await import('@temporalio/worker');
    const quiet = {
      log() {},
      trace() {},
      debug() {},
      info() {},
      warn() {},
      error(...args) {
        console.error(...args);
      },
    };
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(next, 'workflows/index.js'),
      workflowInterceptorModules: [path.join(next, 'workflows/trace-interceptors.js')],
      failureConverterPath: path.join(next, 'workflows/failure-converter.js'),
      logger: quiet,
      // The worker reads and runs the whole bundle at each start: without the sources of the SDK in it that is quicker.
      webpackConfigHook: (config) => ({ ...config, mode: 'production', devtool: false }),
    });
    fs.writeFileSync(path.join(next, 'workflows/bundle.js'), code + EMPTY_SOURCE_MAP);
  }
  fs.writeFileSync(path.join(next, '.stamp'), digest);
  const dist = path.join(root, 'dist');
  const old = path.join(root, `.dist-old-${process.pid}`);
  if (fs.existsSync(dist)) fs.renameSync(dist, old);
  fs.renameSync(next, dist);
  fs.rmSync(old, { recursive: true, force: true });
}

await build();
