import fs from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandWords, exitCodesOf, listCommands } from '../../cli/exit-codes.ts';
import { createProgram } from '../../cli/main.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { listPages, programArguments, readPage, shellCommands, splitCommands } from './shell-commands.ts';

const PACKAGE = JSON.parse(fs.readFileSync(path.join(repositoryRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe('what the pages tell people to type', () => {
  let program: Command;

  beforeAll(async () => {
    program = await createProgram();
    for (const command of listCommands(program)) command.action(() => {});
    const silent = (command: Command): void => {
      command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
      command.commands.forEach(silent);
    };
    silent(program);
  });

  /** What the program has against these arguments; null when it takes them. */
  async function refusal(args: readonly string[]): Promise<string | null> {
    try {
      await program.parseAsync(args, { from: 'user' });
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  it('are commands, options and arguments that the program takes', async () => {
    const refused: string[] = [];
    let seen = 0;
    for (const page of listPages()) {
      for (const { place, words } of shellCommands(page)) {
        const args = programArguments(words);
        if (args === null) continue;
        seen += 1;
        const reason = await refusal(args);
        if (reason !== null) refused.push(`${place}: serieswise ${args.join(' ')}: ${reason}`);
      }
    }
    expect(refused).toEqual([]);
    expect(seen).toBeGreaterThan(30);
  });

  it('exist in running text too: every command, and every option of it', () => {
    const unknown: string[] = [];
    const options = (command: Command) => command.options.flatMap(({ long }) => (long ? [long] : []));
    const every = new Set(listCommands(program).flatMap(options));
    for (const page of listPages()) {
      const prose = readPage(page).replaceAll(/```[\s\S]*?```/g, '');
      for (const [, code] of prose.matchAll(/`(?:bin\/)?serieswise ([^`]+)`/g)) {
        const [name, next] = code!.split(/\s+/);
        if (name === 'COMMAND' || name!.startsWith('--')) continue;
        const command = program.commands.find((each) => each.name() === name);
        if (command === undefined) {
          unknown.push(`${page}: ${code}`);
          continue;
        }
        const sub = command.commands.find((each) => each.name() === next);
        if (command.commands.length > 0 && sub === undefined) unknown.push(`${page}: ${code}`);
        const known = new Set(options(sub ?? command));
        for (const [option] of code!.matchAll(/--[a-z][a-z-]*/g))
          if (!known.has(option)) unknown.push(`${page}: ${code}`);
      }
    }
    expect(every.size).toBeGreaterThan(40);
    expect(unknown).toEqual([]);
  });

  it('are scripts and files that there are', () => {
    const missing: string[] = [];
    for (const page of listPages()) {
      for (const { place, words } of shellCommands(page)) {
        const [name, verb, script] = words;
        if (name === 'npm' && verb === 'run' && PACKAGE.scripts[script!] === undefined)
          missing.push(`${place}: npm run ${script}`);
        if (name === 'node' && !verb!.startsWith('dist/') && !fs.existsSync(path.join(repositoryRoot, verb!)))
          missing.push(`${place}: node ${verb}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('has its exit codes and a meaning for each option and argument in the reference', () => {
    const silent = listCommands(program).flatMap((command) => [
      ...(exitCodesOf(command).length === 0 ? [`${commandWords(command)} states no exit codes`] : []),
      ...[...command.options, ...command.registeredArguments]
        .filter(({ description }) => description === '')
        .map((each) => `${commandWords(command)} ${each.name()}`),
    ]);
    expect(silent).toEqual([]);
  });

  it('would be told apart from what the program does not take', async () => {
    expect(await refusal(['run', 'p.yaml', '--output', 'o', '--fast'])).toMatch(/unknown option/);
    expect(await refusal(['run', 'p.yaml'])).toMatch(/required option/);
    expect(await refusal(['export', 'o', '--where', 'x', '--to', 'y', '--format', 'jpeg'])).toMatch(
      /invalid/,
    );
    expect(await refusal(['curate'])).toMatch(/unknown command/);
    expect(splitCommands(`a "b c" 'd # e' \\\n f | g # h`)).toEqual([['a', 'b c', 'd # e', 'f'], ['g']]);
    expect(splitCommands('a "b')).toBeNull();
  });
});

describe('links between pages', () => {
  /** GitHub's name of a heading. */
  const anchor = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');

  it('lead to files and headings that there are', () => {
    const broken: string[] = [];
    let seen = 0;
    for (const page of listPages()) {
      const prose = readPage(page)
        .replaceAll(/```[\s\S]*?```/g, '')
        .replaceAll(/`[^`\n]*`/g, '');
      for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target!)) continue;
        seen += 1;
        const [file, heading] = target!.split('#');
        const found = file === '' ? page : path.join(path.dirname(page), file!);
        if (!fs.existsSync(path.join(repositoryRoot, found))) broken.push(`${page}: ${target}`);
        else if (heading !== undefined) {
          const headings = [...readPage(found).matchAll(/^#+ (.*)$/gm)].map(([, text]) => anchor(text!));
          if (!headings.includes(heading)) broken.push(`${page}: ${target}`);
        }
      }
    }
    expect(broken).toEqual([]);
    expect(seen).toBeGreaterThan(80);
  });
});
