import fs from 'node:fs';
import path from 'node:path';

/** A regular file below an input. `path` is relative, with forward slashes, one character a byte (latin1). */
export interface ListedFile {
  path: string;
  bytes: number;
  mtimeMs: number;
}

/**
 * Walks a folder in order of names, without following links to folders; an input that is a file is its own listing.
 * @yields regular files, links to them included; null for what is skipped (links to folders, devices, sockets, pipes)
 */
export function* walkInput(inputPath: string): Generator<ListedFile | null> {
  const root = path.resolve(inputPath);
  const stat = fs.statSync(root);
  if (stat.isFile()) {
    const name = Buffer.from(path.basename(root)).toString('latin1');
    yield { path: name, bytes: stat.size, mtimeMs: Math.trunc(stat.mtimeMs) };
    return;
  }
  yield* walkFolder(root, '');
}

function* walkFolder(root: string, relative: string): Generator<ListedFile | null> {
  const entries = fs.readdirSync(locate(root, relative), { withFileTypes: true, encoding: 'buffer' });
  const named = entries.map((entry) => ({ entry, name: Buffer.from(entry.name).toString('latin1') }));
  named.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { entry, name } of named) {
    const child = relative === '' ? name : `${relative}/${name}`;
    if (entry.isDirectory()) {
      yield* walkFolder(root, child);
      continue;
    }
    const isFileOrLink = entry.isFile() || entry.isSymbolicLink();
    const found = isFileOrLink ? statOf(locate(root, child)) : undefined;
    yield found?.isFile() ? { path: child, bytes: found.size, mtimeMs: Math.trunc(found.mtimeMs) } : null;
  }
}

/** Undefined for links to nothing, in a circle, or to a name that no file can have. */
function statOf(location: Buffer): fs.Stats | undefined {
  try {
    return fs.statSync(location, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

function locate(root: string, relative: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(relative, 'latin1')]);
}

/** Absolute path, as bytes, of a listed file of an input. */
export function locateListed(inputPath: string, relative: string): Buffer {
  const root = path.resolve(inputPath);
  return fs.statSync(root).isFile() ? Buffer.from(root) : locate(root, relative);
}
