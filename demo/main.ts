import { parseArgs } from 'node:util';
import { makeArchive } from './archive.ts';

const USAGE = `Usage: node dist/demo/main.js --output DIR [--seed N] [--series N] [--slices N] [--scale 1|2]

Writes a synthetic CT archive into DIR (missing or empty): the demo's PACS export, or N generated series.
Prints one line of JSON about it on standard output.
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

/** Writes an archive as the command line asks; the exit code is 2 for wrong usage. */
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
  if (values.output === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const { output, seed, series, slices, scale } = values;
    const truth = await makeArchive(output, {
      seed: Number(seed),
      ...(series === undefined ? {} : { series: Number(series) }),
      ...(slices === undefined ? {} : { slices: Number(slices) }),
      ...(scale === undefined ? {} : { scale: Number(scale) }),
    });
    const byDisposition: Record<string, number> = {};
    for (const file of truth.files)
      byDisposition[file.disposition] = (byDisposition[file.disposition] ?? 0) + 1;
    const summary = {
      seed: truth.seed,
      files: truth.files.length,
      bytes: truth.files.reduce((sum, file) => sum + file.bytes, 0),
      series: truth.series.length,
      expected: byDisposition,
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : 'The archive could not be written.'}\n`);
    return error instanceof RangeError ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
