// What takes part in a row: a process that stays and is asked round by round, or a command that is run once a round.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { measureCommand, watchTree } from '../process-tree.mjs';
import { median } from './statistics.mjs';

/** A round that is not answered within these is given up. */
const LONGEST_ROUND_MS = 30 * 60_000;

/**
 * A process that speaks as harness/serve-rounds.mjs does. Its times leave its start out; what that took stands apart.
 * @param {string[]} command program and arguments
 * @returns {Promise<StartedTool>}
 *
 * @typedef {object} StartedTool
 * @property {string | null} version
 * @property {{ wallSeconds: number, cpuSeconds: number } | null} startUp
 * @property {boolean} [isStartUpInTimes]
 * @property {(request: object) => Promise<{ wallSeconds: number, cpuSeconds: number, result: object }>} doRound
 * @property {() => number} peakBytes resident memory of the process and all below it, the most that a sample saw
 * @property {() => Promise<void>} end
 */
export async function startResident(command, env = process.env) {
  const [program, ...args] = command;
  const start = performance.now();
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-4000);
  });
  // A failure to start shows as the end of its output.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const watch = watchTree(child.pid, { everyMs: 100 });
  const read = async () => {
    const timer = setTimeout(() => child.kill(), LONGEST_ROUND_MS);
    const { value, done } = await lines.next();
    clearTimeout(timer);
    if (!done) return JSON.parse(value);
    watch.stop();
    throw new Error(`a tool ended: ${errors.trim().split('\n').at(-1).slice(0, 200)}`);
  };
  const { version, cpuSeconds } = await read();
  return {
    version,
    startUp: { wallSeconds: (performance.now() - start) / 1000, cpuSeconds },
    async doRound(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return read();
    },
    peakBytes: () => watch.peak.sumBytes,
    async end() {
      watch.stop();
      child.stdin.end();
      await ended;
    },
  };
}

/** Runs of a command with next to nothing to do, whose median is its start-up. */
const START_UP_RUNS = 3;

/**
 * A command that is run once a round. Its start-up is what it takes for the least source; unlike that of processes that
 * stay, it is in the times, since it can only be measured apart from them, at another load.
 * @param {(request: { source: string, target: string }) => string[]} commandOf program and arguments of a round
 * @param {{ source: string, least: string }} sources the least is of the same kind, with as little as there can be
 * @param {{ env?: NodeJS.ProcessEnv, version?: string | null, readResult: (target: string) => Promise<object> }} options
 * @returns {Promise<StartedTool>}
 */
export async function startCommand(commandOf, { source, least }, options) {
  const { env = process.env, version = null, readResult } = options;
  let peakBytes = 0;
  const measure = async (request) => {
    const { code, stderr, wallSeconds, cpuSeconds, peak } = await measureCommand(commandOf(request), {
      env,
      everyMs: 250,
    });
    if (code !== 0) throw new Error(`a command ended with ${code}: ${stderr.trim().slice(-500)}`);
    peakBytes = Math.max(peakBytes, peak.sumBytes);
    return { wallSeconds, cpuSeconds };
  };
  const starts = [];
  for (let run = 0; run < START_UP_RUNS; run += 1) {
    const target = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
    try {
      starts.push(await measure({ source: least, target }));
    } finally {
      fs.rmSync(target, { recursive: true, force: true });
    }
  }
  const startUp = {
    wallSeconds: median(starts.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(starts.map(({ cpuSeconds }) => cpuSeconds)),
  };
  return {
    version,
    startUp,
    isStartUpInTimes: true,
    async doRound({ target, check }) {
      const { wallSeconds, cpuSeconds } = await measure({ source, target });
      return { wallSeconds, cpuSeconds, result: check ? await readResult(target) : {} };
    },
    peakBytes: () => peakBytes,
    end: async () => {},
  };
}
