// What takes part in a row: a process that stays and is asked round by round.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { watchTree } from '../process-tree.mjs';

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
  const watch = watchTree(child.pid, { everyMs: 50 });
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
