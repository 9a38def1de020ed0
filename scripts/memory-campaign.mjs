// Peak memory of runs over archives of growing size: the command with all its threads, and the Temporal server, by
// samples of resident memory every 200 ms. A run must stay under 1.5 GB whatever the number of files.
// Usage: node scripts/memory-campaign.mjs [--series 200,2000] [--slices 30] [--json]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCommand } from '../bench/process-tree.mjs';
import { makeArchive } from '../dist/demo/archive.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const LIMIT_BYTES = 1.5e9;
const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '200,2000' },
    slices: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
});
const slices = Number(values.slices);
const mb = (bytes) => Math.round(bytes / 1e6);

/** Peaks of the sum over equal spans of the run: a run that grows shows it here. */
function peaksByPart(samples, parts = 10) {
  const end = samples.at(-1)?.seconds ?? 0;
  const peaks = Array(parts).fill(0);
  for (const { seconds, nodeBytes, serverBytes } of samples) {
    const part = Math.min(parts - 1, Math.floor((seconds / end) * parts));
    peaks[part] = Math.max(peaks[part], nodeBytes + serverBytes);
  }
  return peaks;
}

async function measureRun(series) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-memory-'));
  try {
    const [input, output, state] = ['input', 'output', 'state'].map((name) => path.join(folder, name));
    const { files } = await makeArchive(input, { seed: 1, series, slices });
    process.stderr.write(`${series} series, ${files.length} files: made, running …\n`);
    const samples = [];
    const env = { ...process.env };
    delete env.TEMPORAL_ADDRESS;
    const measured = await measureCommand(
      [
        ...[process.execPath, path.join(root, 'bin/serieswise'), 'run'],
        path.join(root, 'pipelines/definitions/ct-series-labels.yaml'),
        ...['--input', input, '--output', output, '--state', state, '--json'],
      ],
      { env, onSample: (sample) => samples.push(sample) },
    );
    if (measured.code !== 0) throw new Error(`The run ended with ${measured.code}:\n${measured.stderr}`);
    const kept = JSON.parse(measured.stdout).series.kept ?? 0;
    if (kept !== series) throw new Error(`${kept} of ${series} series were kept.`);
    const { peak, wallSeconds, cpuSeconds } = measured;
    process.stderr.write(`${series} series: ${mb(peak.sumBytes)} MB at most, ${wallSeconds.toFixed(0)} s\n`);
    return {
      series,
      files: files.length,
      wallSeconds,
      cpuSeconds,
      ...peak,
      peaksByPart: peaksByPart(samples),
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const runs = [];
for (const series of values.series.split(',')) runs.push(await measureRun(Number(series)));
const isUnderLimit = runs.every((run) => run.sumBytes < LIMIT_BYTES);
if (values.json) {
  console.log(JSON.stringify({ slices, limitBytes: LIMIT_BYTES, isUnderLimit, runs }, null, 2));
} else {
  console.log(
    'series   files   peak MB: all   command   server   wall s   CPU s   peak MB in tenths of the run',
  );
  for (const run of runs) {
    const cells = [
      String(run.series).padStart(6),
      String(run.files).padStart(7),
      String(mb(run.sumBytes)).padStart(14),
      String(mb(run.nodeBytes)).padStart(9),
      String(mb(run.serverBytes)).padStart(8),
      run.wallSeconds.toFixed(0).padStart(8),
      run.cpuSeconds.toFixed(0).padStart(7),
      `  ${run.peaksByPart.map(mb).join(' ')}`,
    ];
    console.log(cells.join(' '));
  }
  console.log(`limit ${mb(LIMIT_BYTES)} MB: ${isUnderLimit ? 'kept' : 'BROKEN'}`);
}
process.exitCode = isUnderLimit ? 0 : 1;
