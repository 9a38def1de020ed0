/** Finds, checks and describes model bundles: folders with a card.json and ONNX files. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleCard, type BundleTask, cardSchema, findWrongLabels } from './card.ts';
import { BundleError } from './errors.ts';
import { type InputGate, parseGate } from './gate.ts';
import { TASKS, type Task } from './labels.ts';

/** Versions of the preprocessing that this program can do. */
const PREPROCESSING_VERSIONS: readonly number[] = [1];

/** A bundle whose files are what its card says. */
export interface Bundle {
  name: string;
  version: string;
  /** Absolute path. */
  folder: string;
  /**
   * SHA-256 of the card as canonical JSON (keys sorted, no white space). The card holds the digest of every file, so
   * this stands for the bundle as a whole, whatever the card's layout on disk.
   */
  sha256: string;
  card: BundleCard;
  /** The tasks that it has, in the order in which tables list them. */
  tasks: (BundleTask & { task: Task })[];
  /** What its series look like; null where the bundle has no gate. */
  gate: InputGate | null;
  /** Scores under these are not to be believed, whatever a pipeline asks for. */
  acceptFrom: Partial<Record<Task, number>>;
}

/** A bundle's folder under a root, checked or refused. */
export interface BundleEntry {
  name: string;
  folder: string;
  bundle: Bundle | null;
  error: BundleError | null;
}

/** How tables name a bundle: NAME@VERSION. */
export function nameBundle(bundle: Pick<Bundle, 'name' | 'version'>): string {
  return `${bundle.name}@${bundle.version}`;
}

/** The folders in which bundles are looked for by name: models/bundles of this checkout. */
export function defaultBundleRoots(): string[] {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const checkout =
    path.basename(path.dirname(here)) === 'dist' ? path.resolve(here, '../..') : path.dirname(here);
  return [path.join(checkout, 'models', 'bundles')];
}

/**
 * The folder of a bundle, by its name under one of the roots or by a path (one with a separator or a leading dot).
 * @throws BundleError bundle-missing
 */
export async function resolveBundle(
  nameOrPath: string,
  roots: readonly string[] = defaultBundleRoots(),
): Promise<string> {
  const isPath = /[/\\]/.test(nameOrPath) || nameOrPath.startsWith('.');
  const candidates = isPath ? [path.resolve(nameOrPath)] : roots.map((root) => path.join(root, nameOrPath));
  for (const candidate of candidates) {
    if (await isFile(path.join(candidate, 'card.json'))) return path.resolve(candidate);
  }
  if (isPath) {
    throw new BundleError(
      'bundle-missing',
      'There is no model bundle at that path: a bundle is a folder with a card.json.',
    );
  }
  const names = await listNames(roots);
  throw new BundleError(
    'bundle-missing',
    `There is no model bundle "${nameOrPath}". ${
      names.length > 0 ? `Known: ${names.map(({ name }) => name).join(', ')}.` : 'None is installed.'
    } A path to a bundle's folder works too.`,
  );
}

/**
 * Reads and checks the bundle in `folder`: card, vocabulary, preprocessing, and size and SHA-256 of every file.
 * @throws BundleError
 */
export async function loadBundle(folder: string): Promise<Bundle> {
  const absolute = path.resolve(folder);
  const card = parseCard(await readCard(absolute));
  for (const [file, expected] of Object.entries(card.files)) {
    await checkFile(path.join(absolute, file), file, expected);
  }
  const gateFile = card.review?.gate?.file;
  const gate =
    gateFile === undefined ? null : parseGate(await fs.readFile(path.join(absolute, gateFile), 'utf8'));
  if (gateFile !== undefined && gate === null) {
    throw new BundleError('card-invalid', `${gateFile} is not a gate as this program knows it.`);
  }
  return {
    name: card.name,
    version: card.version,
    folder: absolute,
    sha256: createHash('sha256').update(canonicalJson(card)).digest('hex'),
    card,
    tasks: TASKS.flatMap((task) => {
      const found = card.tasks[task];
      return found === undefined ? [] : [{ task, ...found }];
    }),
    gate,
    acceptFrom: definedOf(card.review?.accept_from ?? {}),
  };
}

function definedOf(scores: Partial<Record<Task, number | undefined>>): Partial<Record<Task, number>> {
  return Object.fromEntries(Object.entries(scores).filter(([, score]) => score !== undefined));
}

/** Every bundle under the roots, sorted by name, each loaded and checked; what is refused is listed with its error. */
export async function listBundles(roots: readonly string[] = defaultBundleRoots()): Promise<BundleEntry[]> {
  const entries: BundleEntry[] = [];
  for (const { name, folder } of await listNames(roots)) {
    try {
      entries.push({ name, folder, bundle: await loadBundle(folder), error: null });
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      entries.push({ name, folder, bundle: null, error });
    }
  }
  return entries;
}

async function listNames(roots: readonly string[]): Promise<{ name: string; folder: string }[]> {
  const found = new Map<string, string>();
  for (const root of roots) {
    const names = await fs.readdir(root).catch(() => []);
    for (const name of names) {
      const folder = path.join(root, name);
      // The first root wins, as it does when a bundle is resolved by name.
      if (!found.has(name) && (await isFile(path.join(folder, 'card.json')))) found.set(name, folder);
    }
  }
  return [...found].map(([name, folder]) => ({ name, folder })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function isFile(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (stat) => stat.isFile(),
    () => false,
  );
}

async function readCard(folder: string): Promise<unknown> {
  let text: string;
  try {
    text = await fs.readFile(path.join(folder, 'card.json'), 'utf8');
  } catch (error) {
    throw new BundleError(
      'bundle-missing',
      'There is no readable card.json: a model bundle is a folder with a card.json.',
      { cause: error },
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BundleError('card-invalid', `card.json is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function parseCard(json: unknown): BundleCard {
  // Before the schema, so that a card of a later program is told apart from a broken one.
  const version = (json as { preprocessing?: { version?: unknown } } | null)?.preprocessing?.version;
  if (typeof version === 'number' && !PREPROCESSING_VERSIONS.includes(version)) {
    throw new BundleError(
      'preprocessing-unknown',
      `The bundle wants preprocessing version ${version}; this program has ${PREPROCESSING_VERSIONS.join(', ')}. ` +
        'A newer Serieswise may have it.',
    );
  }
  const parsed = cardSchema.safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'card'}: ${issue.message}`);
    throw new BundleError('card-invalid', `card.json is not a model card:\n  ${issues.join('\n  ')}`);
  }
  for (const task of TASKS) {
    const wrong = findWrongLabels(task, parsed.data.tasks[task]?.labels ?? []);
    if (wrong.length > 0) {
      throw new BundleError(
        'labels-unknown',
        `Task ${task} has labels that are not in the vocabulary, or twice: ${wrong.join(', ')}. ` +
          'models/labels.ts lists the vocabulary.',
      );
    }
  }
  return parsed.data;
}

async function checkFile(
  file: string,
  name: string,
  expected: { sha256: string; bytes: number },
): Promise<void> {
  const stat = await fs.stat(file).catch(() => null);
  if (stat === null || !stat.isFile()) {
    throw new BundleError('file-missing', `${name} is missing from the bundle: fetch the bundle again.`);
  }
  if (stat.size !== expected.bytes) {
    // A pointer file of git-lfs in the place of the network is the commonest way to get here.
    throw new BundleError(
      'digest-mismatch',
      `${name} has ${stat.size} bytes and the card says ${expected.bytes}: fetch the bundle again.`,
    );
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  if (hash.digest('hex') !== expected.sha256) {
    throw new BundleError(
      'digest-mismatch',
      `${name} is not the file that the card describes (SHA-256 differs): fetch the bundle again.`,
    );
  }
}

/** JSON with sorted keys and no white space: one text for one value. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
