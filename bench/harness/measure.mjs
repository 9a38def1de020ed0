// A row: the same work by several tools, in turns, round by round.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { median, ratioOfMedians } from './statistics.mjs';

/** Gives the page cache of a folder's files back: posix_fadvise, which Node.js does not have. No right is needed. */
const EVICT = `
import os, sys
for parent, _, names in os.walk(sys.argv[1]):
    for name in names:
        descriptor = os.open(os.path.join(parent, name), os.O_RDONLY)
        os.fdatasync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
`;

/**
 * @typedef {object} Tool
 * @property {string} name as the table shows it
 * @property {'ours' | 'peer' | 'limit'} role
 * @property {() => Promise<import('./tools.mjs').StartedTool>} start
 * @property {boolean} [base] the one that the others are compared with
 * @property {string} [note] what it does less or more than ours
 *
 * @typedef {object} Row
 * @property {string} stage
 * @property {string} work what every tool does, and with what
 * @property {Tool[]} tools
 * @property {number} [warmUp] rounds before those that count, where it is not as many as for other rows
 * @property {string | null} [coldFolder] its files are evicted from the page cache before every turn
 * @property {(results: Map<string, object>) => string} check of what the tools said when they were asked to check
 *   their results; throws where these do not agree, else tells how far they do
 * @property {{ aim: string, of: string, key: 'cpu' | 'wall' | 'cpuWithoutStartUp', atLeast?: number, atMost?: number }[]} [aims] bounds of
 *   the ratio of a tool to ours
 * @property {string} [why] where ours is behind, the reason
 */

/**
 * Measures a row. Each tool has rounds to warm up, the first of which is checked; then all take turns, each round
 * beginning with another tool.
 * @param {Row} row
 * @param {{ rounds: number, warmUp: number, work: string }} options `work` is a folder for what tools write
 * @returns the row as JSON: samples, medians, ratios to ours
 */
export async function measureRow(row, { rounds, warmUp, work }) {
  const target = path.join(work, 'target');
  const started = [];
  const loadBefore = os.loadavg()[0];
  try {
    // One after the other: the first may make what the others are checked against.
    for (const tool of row.tools) started.push({ tool, process: await tool.start(), samples: [] });
    const doRound = async ({ process }, check) => {
      fs.mkdirSync(target);
      try {
        if (row.coldFolder) execFileSync('python3', ['-c', EVICT, row.coldFolder]);
        return await process.doRound({ target, check });
      } finally {
        fs.rmSync(target, { recursive: true, force: true });
      }
    };
    const results = new Map();
    for (const entry of started) {
      for (let round = 0; round < (row.warmUp ?? warmUp); round += 1) {
        const { result } = await doRound(entry, round === 0);
        if (round === 0) results.set(entry.tool.name, result);
      }
    }
    const agreement = row.check(results);
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < started.length; turn += 1) {
        const entry = started[(round + turn) % started.length];
        const { wallSeconds, cpuSeconds } = await doRound(entry, false);
        entry.samples.push({ wallSeconds, cpuSeconds });
      }
    }
    return { ...describe(row, started), rounds, agreement, load: [loadBefore, os.loadavg()[0]] };
  } finally {
    for (const { process } of started) await process.end();
  }
}

function describe({ stage, work, coldFolder, aims = [], why }, started) {
  const base = started.find(({ tool }) => tool.base) ?? started.find(({ tool }) => tool.role === 'ours');
  const seconds = ({ samples }, key) => samples.map((sample) => sample[key]);
  const working = (entry) =>
    seconds(entry, 'cpuSeconds').map((cpuSeconds) => cpuSeconds - entry.process.startUp.cpuSeconds);
  const tools = started.map((entry) => ({
    name: entry.tool.name,
    role: entry.tool.role,
    note: entry.tool.note ?? null,
    version: entry.process.version,
    cpuSeconds: median(seconds(entry, 'cpuSeconds')),
    wallSeconds: median(seconds(entry, 'wallSeconds')),
    peakBytes: entry.process.peakBytes(),
    startUp: entry.process.startUp,
    cpu: ratioOfMedians(seconds(entry, 'cpuSeconds'), seconds(base, 'cpuSeconds')),
    wall: ratioOfMedians(seconds(entry, 'wallSeconds'), seconds(base, 'wallSeconds')),
    cpuWithoutStartUp: [entry, base].every(({ process }) => process.isStartUpInTimes)
      ? ratioOfMedians(working(entry), working(base))
      : null,
    samples: entry.samples,
  }));
  return {
    stage,
    work,
    cache: coldFolder ? 'cold' : 'warm',
    base: base.tool.name,
    tools,
    aims: aims.map((aim) => {
      const measured = tools.find(({ name }) => name === aim.of)[aim.key];
      const isReached = measured.ratio >= (aim.atLeast ?? 0) && measured.ratio <= (aim.atMost ?? Infinity);
      return { ...aim, measured, isReached };
    }),
    why: why ?? null,
  };
}
