// The bench's report as a Markdown page.

const seconds = (value) => (value < 0.1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`);
const times = ({ ratio, low, high }, digits = 2) =>
  `${ratio.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
/** Nothing where the process was gone before the first sample. */
const mebibytes = (bytes) => (bytes === 0 ? '–' : String(Math.round(bytes / 2 ** 20)));
const shownName = ({ name, role, version }) =>
  [name, role === 'peer' ? (version ?? '') : ''].filter(Boolean).join(' ');
const KEYS = { cpu: 'CPU', wall: 'wall', cpuWithoutStartUp: 'CPU without start-up' };
const baseOf = (row) => row.tools.find(({ name }) => name === row.base);

function renderRow(row) {
  const load = row.load.map((load) => load.toFixed(1)).join(' to ');
  const lines = [
    `${row.work}; ${row.cache} cache; median of ${row.rounds} rounds; load ${load}; ${row.day}.`,
    '',
    '| | CPU | wall | peak MiB | CPU, times ours | wall, times ours | start-up CPU |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const tool of row.tools) {
    const name = shownName(tool);
    const shown = tool.role === 'ours' ? `**${name}**` : tool.role === 'limit' ? `*${name}*` : name;
    const cells = [shown, seconds(tool.cpuSeconds), seconds(tool.wallSeconds), mebibytes(tool.peakBytes)];
    const isStartUpIn = tool.cpuWithoutStartUp !== null;
    if (tool.name === row.base) cells.push('1', '1');
    else {
      const without = isStartUpIn ? `; without start-up ${times(tool.cpuWithoutStartUp)}` : '';
      cells.push(`${times(tool.cpu)}${without}`, times(tool.wall));
    }
    cells.push(`${seconds(tool.startUp.cpuSeconds)}${isStartUpIn ? ', in it' : ''}`);
    lines.push(`| ${cells.join(' | ')} |`);
  }
  lines.push('', `Checked: ${row.agreement}.`);
  const notes = row.tools.filter(({ note }) => note !== null);
  if (notes.length > 0) lines.push('', ...notes.map(({ name, note }) => `- ${name}: ${note}`));
  if (row.why !== null) lines.push('', `Where ours is behind: ${row.why}`);
  return lines;
}

/** The peer that is nearest, or ahead, by CPU time: a row is won against it or not at all. */
function renderGlance(rows) {
  const lines = [
    '## At a glance',
    '',
    '| stage | cache | CPU of ours | the fastest peer | its CPU, times ours | ours is |',
    '|---|---|---|---|---|---|',
  ];
  for (const row of rows) {
    const [fastest] = row.tools
      .filter(({ role }) => role === 'peer')
      .sort((a, b) => a.cpuSeconds - b.cpuSeconds);
    if (fastest === undefined) continue;
    const { low, high } = fastest.cpu;
    const verdict = low > 1 ? 'ahead' : high < 1 ? '**behind**' : 'even';
    const stage = `${row.stage}: ${row.work}`;
    const cells = [stage, row.cache, seconds(baseOf(row).cpuSeconds), shownName(fastest), times(fastest.cpu)];
    lines.push(`| ${[...cells, verdict].join(' | ')} |`);
  }
  return lines;
}

function renderAims(rows) {
  const aims = rows.flatMap((row) => row.aims);
  if (aims.length === 0) return [];
  const lines = ['## Aims', '', '| aim | ratio to ours of | wanted | measured | |', '|---|---|---|---|---|'];
  for (const { aim, of, key, atLeast, atMost, measured, isReached } of aims) {
    const wanted = atLeast === undefined ? `≤ ${atMost.toFixed(3)}` : `≥ ${atLeast.toFixed(3)}`;
    const verdict = isReached ? 'reached' : 'missed';
    lines.push(`| ${aim} | ${of}, ${KEYS[key]} | ${wanted} | ${times(measured, 3)} | ${verdict} |`);
  }
  return ['', ...lines];
}

/**
 * @param {{ rows: object[], failures: { key: string, message: string }[] }} report what bench/run.mjs keeps as JSON
 * @returns {string} the page: a line a row, the aims, then each row with all its tools, lost ones too
 */
export function renderPage({ rows, failures }) {
  const machines = rows.map(
    ({ machine: { cpu, cores, node }, form }) =>
      `${cpu}, ${cores} cores, Node.js ${node} (the ${form} form: \`npm run bench${form === 'long' ? ' -- --long' : ''}\`)`,
  );
  const lines = [
    '<!-- Made by `npm run bench`. Do not edit. -->',
    '',
    '# Benchmarks',
    '',
    'The same files for every tool, tools in turns round by round. A ratio above 1 means that the tool takes longer than',
    'Serieswise; in brackets its 95% interval, from a bootstrap over rounds. Italic: limits, which do less than the job.',
    'Start-up is not in the other figures, but where it says so. Peak memory is the resident memory of the process',
    'and all below it. Cold: every file was evicted from the page cache before each turn. Explanations:',
    '[performance.md](performance.md).',
    '',
    `Measured on ${[...new Set(machines)].join('; ')}.`,
  ];
  const highest = Math.max(0, ...rows.flatMap(({ load }) => load));
  if (rows.some(({ load, machine }) => Math.max(...load) > machine.cores))
    lines.push(
      '',
      `**The machine was loaded by other work (load average up to ${highest.toFixed(1)}): read the CPU ratios, not the wall times.**`,
    );
  lines.push('', ...renderGlance(rows), ...renderAims(rows));
  let stage = null;
  for (const row of rows) {
    if (row.stage !== stage) lines.push('', `## ${row.stage[0].toUpperCase()}${row.stage.slice(1)}`);
    stage = row.stage;
    lines.push('', ...renderRow(row));
  }
  if (failures.length > 0)
    lines.push('', '## Not measured', '', ...failures.map(({ key, message }) => `- ${key}: ${message}`));
  return `${lines.join('\n')}\n`;
}
