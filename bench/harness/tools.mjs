// What takes part in a row: a process that stays and is asked round by round, or a command that runs once a round.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { measureCommand, watchTree } from '../process-tree.mjs';

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

/**
 * A command that is run once a round, its start included.
 * @param {(request: object) => string[]} commandOf program and arguments of a round
 * @param {{ env?: NodeJS.ProcessEnv, version?: string | null, readResult?: (stdout: string, request: object) => any }} options
 * @returns {StartedTool}
 */
export function oneShot(commandOf, { env = process.env, version = null, readResult } = {}) {
  let peakBytes = 0;
  return {
    version,
    startUp: null,
    async doRound(request) {
      const { code, stdout, stderr, wallSeconds, cpuSeconds, peak } = await measureCommand(
        commandOf(request),
        {
          env,
          everyMs: 100,
        },
      );
      if (code !== 0) throw new Error(`a command ended with ${code}: ${stderr.slice(-2000)}`);
      peakBytes = Math.max(peakBytes, peak.sumBytes);
      return { wallSeconds, cpuSeconds, result: (await readResult?.(stdout, request)) ?? {} };
    },
    peakBytes: () => peakBytes,
    end: async () => {},
  };
}
