import fs from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../fixtures/shared-data.ts';

/** A command as a page shows it: its words, without comments, redirections and what stands before a pipe. */
export interface ShellCommand {
  /** `FILE:LINE` of the repository. */
  readonly place: string;
  readonly words: readonly string[];
}

/** Folders whose pages tell people what to type. */
const PAGES = [
  '',
  'docs',
  'docs/adr',
  'docs/architecture',
  'docs/how-to',
  'docs/models',
  'examples',
  'models/training',
];

/** Every page for people, as paths from the root. */
export function listPages(): string[] {
  return PAGES.flatMap((folder) => {
    const below = path.join(repositoryRoot, folder);
    if (!fs.existsSync(below)) return [];
    const deeper =
      folder === 'examples' ? fs.readdirSync(below).map((name) => path.join(folder, name)) : [folder];
    return deeper.flatMap((each) =>
      fs
        .readdirSync(path.join(repositoryRoot, each))
        .filter((name) => name.endsWith('.md'))
        .map((name) => path.join(each, name)),
    );
  }).sort();
}

export function readPage(page: string): string {
  return fs.readFileSync(path.join(repositoryRoot, page), 'utf8');
}

/**
 * The commands of a page: of blocks marked as `sh`, of lines with a prompt in blocks marked as `console`, and of indented
 * blocks. @throws Error where a block without a mark calls the program: nobody would check it
 */
export function shellCommands(page: string): ShellCommand[] {
  const found: ShellCommand[] = [];
  let fence: string | null = null;
  let open: { text: string; place: string } | null = null;
  const lines = readPage(page).split('\n');
  for (const [index, line] of lines.entries()) {
    const mark = /^```(\w*)/.exec(line);
    if (mark !== null) {
      fence = fence === null ? mark[1]! : null;
      continue;
    }
    if (fence === '' && /^(?:\$ )?(?:bin\/)?serieswise /.test(line))
      throw new Error(`${page}:${index + 1} is in a block that is marked neither sh nor console.`);
    if (open === null) {
      const text =
        fence === 'sh'
          ? line
          : fence === 'console'
            ? /^\$ (.*)/.exec(line)?.[1]
            : fence === null
              ? /^ {4}(?=(?:bin\/)?serieswise |npm |node )(.*)/.exec(line)?.[1]
              : undefined;
      if (text === undefined || text.trim() === '') continue;
      open = { text, place: `${page}:${index + 1}` };
    } else {
      open.text += `\n${line}`;
    }
    const commands = splitCommands(open.text);
    if (commands === null) continue;
    for (const words of commands) found.push({ place: open.place, words });
    open = null;
  }
  if (open !== null) throw new Error(`${open.place} has a quote that is not closed.`);
  return found;
}

/** The words of each command of a line as `sh` reads them; null while a quote or the line itself goes on. */
export function splitCommands(text: string): string[][] | null {
  const commands: string[][] = [[]];
  let word: string | null = null;
  let quote = '';
  const end = () => {
    if (word !== null) commands.at(-1)!.push(word);
    word = null;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      at += 1;
      if (at >= text.length) return null;
      if (text[at] !== '\n') word = (word ?? '') + text[at];
    } else if (char === '#' && word === null) {
      break;
    } else if (/[|;&]/.test(char)) {
      end();
      commands.push([]);
    } else if (/\s/.test(char)) {
      end();
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') return null;
  end();
  return commands.filter((words) => words.length > 0);
}

/** What `words` give the program to parse; null when they call something else. */
export function programArguments(words: readonly string[]): string[] | null {
  const at = words.findIndex((word) => word === 'serieswise' || word === 'bin/serieswise');
  return at < 0 ? null : words.slice(at + 1).filter((word) => !/^\d?>/.test(word));
}
