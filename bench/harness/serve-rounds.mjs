// The side of a tool that is a Node.js process of its own: it is set up once and does a round whenever it is told to.
// bench/peers/rounds.py is the same in Python; harness/tools.mjs speaks with both.
//
// argv: TOOL ARGUMENTS (JSON). stdout: a line once it is ready, then a line for each round; stdin: a request a line,
// {"target": a new and empty folder or null, "check": whether to compare results, outside of what counts}.
import { createInterface } from 'node:readline';

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * @param {Record<string, (args: any) => Promise<{ version?: string, work: (request: object) => any }>>} tools by name;
 *   what `work` returns goes to the check of the row; a number `scale` in it multiplies the measured times, for work
 *   that is done in part
 */
export async function serveRounds(tools) {
  const [name, args] = process.argv.slice(2);
  const { version = null, work } = await tools[name](JSON.parse(args));
  const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  answer({ version, cpuSeconds: cpuSeconds() });
  for await (const line of createInterface({ input: process.stdin })) {
    const [wall, cpu] = [performance.now(), cpuSeconds()];
    const result = (await work(JSON.parse(line))) ?? {};
    const scale = result.scale ?? 1;
    answer({
      wallSeconds: ((performance.now() - wall) / 1000) * scale,
      cpuSeconds: (cpuSeconds() - cpu) * scale,
      result,
    });
  }
}
