// The bench's report as a Markdown page.

const seconds = (value) => (value < 0.1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`);
const times = ({ ratio, low, high }) => `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
const mebibytes = (bytes) => String(Math.round(bytes / 2 ** 20));

function renderRow(row) {
  const lines = [
    `${row.work}; ${row.cache} cache; median of ${row.rounds} rounds; load ${row.load.map((load) => load.toFixed(1)).join(' to ')}.`,
    '',
    '| | CPU | wall | peak MiB | CPU, times ours | wall, times ours | start-up CPU |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const tool of row.tools) {
    const name = [tool.name, tool.role === 'peer' ? (tool.version ?? '') : ''].filter(Boolean).join(' ');
    const shown = tool.role === 'ours' ? `**${name}**` : tool.role === 'limit' ? `*${name}*` : name;
    const cells = [shown, seconds(tool.cpuSeconds), seconds(tool.wallSeconds), mebibytes(tool.peakBytes)];
    if (tool.name === row.base) cells.push('1', '1');
    else cells.push(times(tool.cpu), times(tool.wall));
    cells.push(tool.startUp === null ? 'in it' : seconds(tool.startUp.cpuSeconds));
    lines.push(`| ${cells.join(' | ')} |`);
  }
  lines.push('', `Checked: ${row.agreement}.`);
  const notes = row.tools.filter(({ note }) => note !== null);
  if (notes.length > 0) lines.push('', ...notes.map(({ name, note }) => `- ${name}: ${note}`));
  if (row.why !== null) lines.push('', `Where ours is behind: ${row.why}`);
  return lines;
}

/**
 * @param {object} report what bench/run.mjs writes as JSON
 * @returns {string} the page; rows in order, aims at the end
 */
export function renderPage({ form, machine, rows, failures }) {
  const lines = [
    '<!-- Made by `npm run bench`. Do not edit. -->',
    '',
    '# Benchmarks',
    '',
    `\`npm run bench\`${form === 'long' ? ' `-- --long`' : ''}, the ${form} form: the same files for every tool, tools in turns round by round. A ratio`,
    'above 1 means that the tool takes longer than Serieswise; in brackets its 95% interval, from a bootstrap over rounds.',
    'Italic: limits, which do less than the job. Start-up is apart where a tool stays between rounds. Peak memory is the',
    'resident memory of the process and all below it. Explanations: [performance.md](performance.md).',
    '',
    `Measured on ${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}, load ${machine.load.toFixed(1)} at the start.`,
  ];
  if (machine.load > 1)
    lines.push('', '**The machine was loaded by other work: read the CPU ratios, not the wall times.**');
  let stage = null;
  for (const row of rows) {
    if (row.stage !== stage) lines.push('', `## ${row.stage[0].toUpperCase()}${row.stage.slice(1)}`);
    stage = row.stage;
    lines.push('', ...renderRow(row));
  }
  const aims = rows.flatMap((row) => row.aims);
  if (aims.length > 0) {
    lines.push(
      '',
      '## Aims',
      '',
      '| aim | ratio to ours of | wanted | measured | |',
      '|---|---|---|---|---|',
    );
    for (const { aim, of, key, atLeast, atMost, measured, isReached } of aims) {
      const wanted = atLeast === undefined ? `≤ ${atMost.toFixed(2)}` : `≥ ${atLeast.toFixed(2)}`;
      lines.push(
        `| ${aim} | ${of}, ${key} | ${wanted} | ${times(measured)} | ${isReached ? 'reached' : 'missed'} |`,
      );
    }
  }
  if (failures.length > 0)
    lines.push('', '## Not measured', '', ...failures.map(({ stage, message }) => `- ${stage}: ${message}`));
  return `${lines.join('\n')}\n`;
}
