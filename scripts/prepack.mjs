// What `npm pack` needs beside the sources: dist/ of the present sources, and in it the types of what programs import
// (docs/sdk.md), and a list of every package that is installed with this one, with version, digest and licence
// (CycloneDX).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
run(process.execPath, ['scripts/build.mjs']);
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json']);
const list = run('npm', ['sbom', '--package-lock-only', '--omit=dev', '--sbom-format=cyclonedx']);
fs.writeFileSync(path.join(root, 'dist/sbom.cdx.json'), list);
