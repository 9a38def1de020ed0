// Who imports whom, read from the sources as they are; docs/architecture/imports.md draws it.
import fs from 'node:fs';
import path from 'node:path';
import { FOLDERS } from './folders.mjs';

const STATEMENT =
  /^(?:import|export)\s(type\s)?[^;'"]*?from\s'(\.[^']+)'|^import\s()'(\.[^']+)'|\bimport\(()'(\.[^']+)'\)/gm;

function listSources(root, folder) {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules'));
}

/**
 * Every import between files of the program: `from` and `to` are paths from the root, `type` tells that only types are
 * imported. Comes sorted.
 */
export function readImports(root) {
  const files = FOLDERS.flatMap((folder) => listSources(root, folder)).sort();
  return files.flatMap((from) =>
    [...fs.readFileSync(path.join(root, from), 'utf8').matchAll(STATEMENT)].map((match) => {
      const target = match[2] ?? match[4] ?? match[6];
      const names = /\{([^}]*)\}/
        .exec(match[0])?.[1]
        .split(',')
        .filter((name) => name.trim() !== '');
      const type =
        match[1] !== undefined || (names?.every((name) => name.trim().startsWith('type ')) ?? false);
      return { from, to: path.posix.join(path.posix.dirname(from), target), type };
    }),
  );
}

/** Arrows between the rooms that `roomOf` names (null: none); a room's arrow to itself is left out. */
export function arrowsBetween(imports, roomOf) {
  const arrows = new Map();
  for (const { from, to, type } of imports) {
    const [tail, head] = [roomOf(from), roomOf(to)];
    if (tail === null || head === null || tail === head) continue;
    const key = `${tail} ${head}`;
    arrows.set(key, { tail, head, type: type && (arrows.get(key)?.type ?? true) });
  }
  return [...arrows.values()].sort((a, b) => (a.tail + a.head < b.tail + b.head ? -1 : 1));
}

function flowchart(arrows) {
  const name = (room) => room.replaceAll(/[^a-z]/gi, '_');
  const rooms = [...new Set(arrows.flatMap(({ tail, head }) => [tail, head]))].sort();
  return [
    '```mermaid',
    'flowchart TB',
    ...rooms.map((room) => `  ${name(room)}["${room}"]`),
    ...arrows.map(({ tail, head, type }) => `  ${name(tail)} ${type ? '-.->' : '-->'} ${name(head)}`),
    '```',
  ];
}

/** The page: Markdown with pictures that GitHub draws. */
export function drawImports(root) {
  const imports = readImports(root);
  const top = ['cli', 'web', 'workers'];
  const folders = arrowsBetween(imports, (file) => file.split('/')[0]);
  const stages = arrowsBetween(imports, (file) => (file.startsWith('stages/') ? file.split('/')[1] : null));
  return [
    '# Who imports whom',
    '',
    'Read from the sources; which arrows may be there is in [the map](../architecture.md#folders) and checked. A full arrow is',
    'an import of values, a dotted one of types alone.',
    '',
    '## What knows and does',
    '',
    ...flowchart(folders.filter(({ tail }) => !top.includes(tail))),
    '',
    '## What puts it together',
    '',
    '`cli/` is at the top: nothing imports it.',
    '',
    '| folder | imports values of | types alone of |',
    '|---|---|---|',
    ...top.map((folder) => {
      const heads = (types) =>
        folders
          .filter(({ tail, type }) => tail === folder && type === types)
          .map(({ head }) => `\`${head}\``);
      return `| \`${folder}/\` | ${heads(false).join(', ')} | ${heads(true).join(', ')} |`;
    }),
    '',
    '## Within stages/',
    '',
    'Every stage also takes its nouns from `records.ts` and its reasons from `reasons.ts` and `rules.ts`; those arrows are left out.',
    '',
    ...flowchart(stages.filter(({ head }) => !head.endsWith('.ts'))),
  ];
}
