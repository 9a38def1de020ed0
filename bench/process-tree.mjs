// What a command and all processes below it use, from /proc (Linux): CPU time as the kernel accounts it to the parent
// that waited, and resident memory by samples.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

/** Fields of /proc/PID/stat from the third on, numbered as in proc(5); null when the process has gone. */
function readStat(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (number) => Number(fields[number - 3]);
  } catch {
    return null;
  }
}

/** CPU seconds of all descendants that have ended and were waited for, by this process or in a chain up to it. */
function waitedCpuSeconds() {
  const stat = readStat('self');
  return (stat(16) + stat(17)) / TICKS_PER_SECOND;
}

function roleOf(pid) {
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    if (/(^|\/)node/.test(command[0])) return 'node';
    return command.includes('start-dev') && !/(^|\/)sh$/.test(command[0]) ? 'server' : 'other';
  } catch {
    return 'other';
  }
}

/** The process `root` and all below it, as far as they live. */
export function readTree(root) {
  const children = new Map();
  const stats = new Map();
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(name);
    if (stat === null) continue;
    const pid = Number(name);
    stats.set(pid, stat);
    const parent = stat(4);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(pid);
  }
  const tree = [];
  const visit = (pid) => {
    const stat = stats.get(pid);
    if (stat === undefined) return;
    const cpuSeconds = (stat(14) + stat(15)) / TICKS_PER_SECOND;
    tree.push({ pid, role: roleOf(pid), rssBytes: stat(24) * PAGE_BYTES, cpuSeconds });
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  return tree;
}

/**
 * Samples the process `root` and all below it until `stop` is called.
 * @param {{ everyMs?: number, onSample?: (sample: object) => void }} options
 * @returns peaks of resident memory in bytes: of the sum over all processes, of Node.js and of the Temporal server;
 *   `serverCpuSeconds()` is that of the server in the last sample
 */
export function watchTree(root, { everyMs = 200, onSample } = {}) {
  const start = performance.now();
  const peak = { sumBytes: 0, nodeBytes: 0, serverBytes: 0 };
  const serverCpu = new Map();
  const look = () => {
    const sum = { node: 0, server: 0, other: 0 };
    let cpuSeconds = 0;
    for (const { pid, role, rssBytes, cpuSeconds: used } of readTree(root)) {
      sum[role] += rssBytes;
      cpuSeconds += used;
      if (role === 'server') serverCpu.set(pid, used);
    }
    peak.sumBytes = Math.max(peak.sumBytes, sum.node + sum.server + sum.other);
    peak.nodeBytes = Math.max(peak.nodeBytes, sum.node);
    peak.serverBytes = Math.max(peak.serverBytes, sum.server);
    const seconds = (performance.now() - start) / 1000;
    onSample?.({ seconds, cpuSeconds, nodeBytes: sum.node, serverBytes: sum.server });
  };
  const timer = setInterval(look, everyMs);
  return {
    peak,
    serverCpuSeconds: () => [...serverCpu.values()].reduce((sum, seconds) => sum + seconds, 0),
    stop: () => clearInterval(timer),
  };
}

/**
 * Runs a command to its end and measures it.
 * @param {string[]} command program and arguments
 * @param {{ env?: NodeJS.ProcessEnv, everyMs?: number, onSample?: (sample: object) => void }} options
 * @returns exit code, standard output and error; wall and CPU seconds (`cpuSeconds` is exact and covers all
 *   descendants; `serverCpuSeconds` is that of the Temporal server in the last sample); peaks of resident memory in
 *   bytes: of the sum over all processes, of Node.js and of the server
 */
export async function measureCommand(command, { env = process.env, everyMs = 200, onSample } = {}) {
  const [program, ...args] = command;
  const before = waitedCpuSeconds();
  const start = performance.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const watch = watchTree(child.pid, { everyMs, onSample });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal));
  }).finally(watch.stop);
  return {
    code,
    stdout,
    stderr,
    wallSeconds: (performance.now() - start) / 1000,
    cpuSeconds: waitedCpuSeconds() - before,
    serverCpuSeconds: watch.serverCpuSeconds(),
    peak: watch.peak,
  };
}
