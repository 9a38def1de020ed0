// For scripts and benches that share code with the tests: TypeScript sources as they are now, whether or not dist/ is
// built.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * @param name of the bundle that is made in .cache/bundle/, one a script
 * @param exports `export … from './folder/file.ts'` statements, paths from the root of the repository
 * @returns the exported values
 */
export async function loadTypeScript(name, exports) {
  const outfile = path.join(root, `.cache/bundle/${name}.mjs`);
  await build({
    stdin: { contents: exports.join('\n'), resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
    // Fixtures ask where they stand; in the bundle all stand in one folder of tests.
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(path.join(root, 'test/fixtures/bundle.ts')).href),
    },
  });
  return import(pathToFileURL(outfile).href);
}
