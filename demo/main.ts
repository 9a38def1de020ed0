import path from 'node:path';
import { parseArgs } from 'node:util';
import { provideArchive } from './provide-archive.ts';

const USAGE = `Usage: node dist/demo/main.js --output DIR [--seed N] [--series N] [--slices N] [--scale 1|2|4]

Writes a synthetic CT archive into DIR: the demo's PACS export, or N generated series. Prints one line of JSON
about it. Beside DIR stands DIR.json, which says how it was made: asked again, an archive that is there already
is left as it is, and one of another recipe is made anew.
`;

function parse(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      output: { type: 'string' },
      seed: { type: 'string', default: '1' },
      series: { type: 'string' },
      slices: { type: 'string' },
      scale: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}

/** Writes an archive as the command line asks. @returns the exit code, 2 for wrong usage. */
async function main(argv: string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch {
    process.stderr.write(USAGE);
    return 2;
  }
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { output, seed, series, slices, scale } = values;
  if (output === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const summary = await provideArchive(path.resolve(output), {
      seed: Number(seed),
      ...(series === undefined ? {} : { series: Number(series) }),
      ...(slices === undefined ? {} : { slices: Number(slices) }),
      ...(scale === undefined ? {} : { scale: Number(scale) }),
    });
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : 'The archive could not be written.'}\n`);
    return error instanceof RangeError ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
