/**
 * Reads a pipeline spec and reports every mistake at once, with its place in the file, what was expected and the
 * nearest valid spelling.
 */
import { Document, isMap, isScalar, LineCounter, type Node, parseDocument, parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { digestOf } from './digest.ts';
import { type Pipeline, type PipelineSpec, pipelineSchema } from './schema.ts';

/** One mistake in a spec. Lines and columns count from 1; both are null where there is no text to point at. */
export interface PipelineProblem {
  /** `--set` for a mistake in an override. */
  file: string;
  line: number | null;
  column: number | null;
  /** Dotted path of the key, empty for the document itself. */
  path: string;
  message: string;
  hint: string | null;
}

/** The spec is invalid; `problems` has all of it. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly problems: PipelineProblem[];

  constructor(problems: PipelineProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/**
 * A check that needs more than the spec, such as whether a bundle exists. It is given what the file says at `path`
 * (undefined where it is silent) and runs beside other mistakes, unless they are at or below the same path. Problems
 * may name a place below `path`.
 */
export interface PipelineCheck {
  path: string[];
  check(value: unknown): Promise<readonly CheckedProblem[]>;
}

/** What a check found. */
export interface CheckedProblem {
  message: string;
  hint: string | null;
  /** Where, below the path of the check. */
  below?: readonly (string | number)[];
}

export interface LoadOptions {
  /** `a.b=value` overrides; the value is read as YAML. */
  overrides?: readonly string[];
  checks?: readonly PipelineCheck[];
}

export interface LoadedPipeline {
  pipeline: Pipeline;
  /** SHA-256 of the canonical JSON of the resolved spec. */
  digest: string;
}

/** `file:line:column: message (hint)`. */
export function formatProblem(problem: PipelineProblem): string {
  const { file, line, column } = problem;
  const place = line === null ? file : `${file}:${line}:${column}`;
  const key = problem.path === '' ? '' : `${problem.path}: `;
  return `${place}: ${key}${problem.message}${problem.hint === null ? '' : ` (${problem.hint})`}`;
}

/**
 * Parses and checks a spec.
 * @param source text in YAML, or the value that a module exports
 * @param file name to show in messages
 * @throws PipelineError with every problem, never only the first
 */
export async function loadPipeline(
  source: string | object,
  file: string,
  options: LoadOptions = {},
): Promise<LoadedPipeline> {
  const { value, parsed, problems, locate } = readSpec(source, file, options.overrides ?? []);
  for (const { path, check } of options.checks ?? []) {
    const dotted = path.join('.');
    if (problems.some((problem) => problem.path === dotted || problem.path.startsWith(`${dotted}.`)))
      continue;
    for (const { message, hint, below = [] } of await check(valueAt(value, path))) {
      const place = [...path, ...below];
      problems.push({ ...locate(place, false), path: place.join('.'), message, hint });
    }
  }
  if (problems.length > 0) throw new PipelineError(problems);
  const pipeline = parsed as Pipeline;
  return { pipeline, digest: digestOf(pipeline) };
}

/**
 * A pipeline written in a program: the same value as the spec in YAML gives, with every default filled in.
 * @throws PipelineError with every problem
 */
export function definePipeline(spec: PipelineSpec): Pipeline {
  const { parsed, problems } = readSpec(spec, 'definePipeline', []);
  if (problems.length > 0) throw new PipelineError(problems);
  return parsed as Pipeline;
}

interface ReadSpec {
  /** As it is written, with overrides. */
  value: unknown;
  /** Resolved; undefined where it is not valid. */
  parsed: Pipeline | undefined;
  problems: PipelineProblem[];
  locate: Locate;
}

/** @throws PipelineError for text that is no YAML */
function readSpec(source: string | object, file: string, overrides: readonly string[]): ReadSpec {
  const lines = new LineCounter();
  const document: Document =
    typeof source === 'string'
      ? parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
      : new Document(source);
  const problems: PipelineProblem[] = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { file, line, column: col, path: '', message: `not valid YAML: ${error.message}`, hint: null };
  });
  if (problems.length > 0) throw new PipelineError(problems);

  const overridden = new Set<string>();
  for (const override of overrides) {
    const problem = applyOverride(document, override);
    if (problem === null) overridden.add(override.slice(0, override.indexOf('=')));
    else problems.push(problem);
  }
  const locate: Locate = (path, atKey) => {
    const dotted = path.join('.');
    if ([...overridden].some((key) => dotted === key || dotted.startsWith(`${key}.`)))
      return { file: OVERRIDE, line: null, column: null };
    if (typeof source !== 'string') return { file, line: null, column: null };
    const offset = offsetOf(document, path, atKey);
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const value: unknown = document.toJS();
  const { data: parsed, error } = pipelineSchema.safeParse(value ?? {});
  for (const issue of error?.issues ?? []) problems.push(...describeIssue(issue, value, locate));
  return { value, parsed, problems, locate };
}

/** Stands for the file of a mistake in an override. */
const OVERRIDE = '--set';

function applyOverride(document: Document, override: string): PipelineProblem | null {
  const equals = override.indexOf('=');
  const path = override.slice(0, Math.max(equals, 0));
  const bad = (message: string) => ({
    file: OVERRIDE,
    line: null,
    column: null,
    path,
    message,
    hint: 'write --set a.b=value',
  });
  if (equals < 1) return bad(`"${override}" is not of the form a.b=value`);
  try {
    document.setIn(path.split('.'), document.createNode(parseYaml(override.slice(equals + 1))));
    return null;
  } catch {
    return bad('the value is not valid YAML, or the path leads through something that is not a mapping');
  }
}

/** Offset in the text of the node at `path`, or of its key; the nearest parent's when it is not there. */
function offsetOf(document: Document, path: readonly PropertyKey[], atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined) return offset;
      const key = pair.key as Node;
      const value = pair.value as Node | null;
      const last = index === path.length - 1;
      offset = (last && !atKey ? (value?.range?.[0] ?? key.range?.[0]) : key.range?.[0]) ?? offset;
      node = value;
    } else {
      const child: unknown = (node as { items?: unknown[] } | null)?.items?.[Number(step)];
      const start = (child as Node | undefined)?.range?.[0];
      if (start === undefined) return offset;
      offset = start;
      node = child;
    }
  }
  return offset;
}

type Locate = (
  path: readonly PropertyKey[],
  atKey: boolean,
) => Pick<PipelineProblem, 'file' | 'line' | 'column'>;

function describeIssue(issue: z.core.$ZodIssue, value: unknown, locate: Locate): PipelineProblem[] {
  const path = issue.path;
  const at = (place: readonly PropertyKey[], atKey: boolean, message: string, hint: string | null) => ({
    ...locate(place, atKey),
    path: place.join('.'),
    message,
    hint,
  });
  const found = valueAt(value, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(path, value);
      return issue.keys.map((key) => {
        const nearest = nearestOf(key, known);
        return at(
          [...path, key],
          true,
          'unknown key',
          nearest ? `did you mean ${nearest}?` : `known: ${known.join(', ')}`,
        );
      });
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      if (found === undefined) return [at(path, false, 'missing', `one of ${values.join(', ')}`)];
      const nearest = typeof found === 'string' ? nearestOf(found, values) : null;
      const message = `${show(found)} is not one of ${values.join(', ')}`;
      return [at(path, false, message, nearest ? `did you mean ${nearest}?` : null)];
    }
    case 'invalid_union': {
      const values = alternativesAt(path, value);
      if (values.length === 0) return [at(path, false, issue.message, null)];
      if (found === undefined) return [at(path, false, 'missing', `one of ${values.join(', ')}`)];
      const nearest = typeof found === 'string' ? nearestOf(found, values) : null;
      const message = `${show(found)} is not one of ${values.join(', ')}`;
      return [at(path, false, message, nearest ? `did you mean ${nearest}?` : null)];
    }
    case 'invalid_type':
      if (found === undefined) return [at(path, false, 'missing', `expected ${issue.expected}`)];
      return [at(path, false, `expected ${article(issue.expected)}, found ${show(found)}`, null)];
    case 'too_small':
      return [at(path, false, `${show(found)} is too small`, `at least ${issue.minimum}`)];
    case 'too_big':
      return [at(path, false, `${show(found)} is too large`, `at most ${issue.maximum}`)];
    case 'invalid_format':
    case 'custom':
      return [at(path, false, `${show(found)} is not valid`, issue.message)];
    default:
      return [at(path, false, issue.message, null)];
  }
}

function article(type: string): string {
  const name = type === 'int' ? 'whole number' : type === 'array' ? 'list' : type === 'tuple' ? 'list' : type;
  return `a ${name === 'object' ? 'mapping' : name}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const step of path) current = (current as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return current;
}

/** Keys that the schema knows below `path`; of alternatives those of the one that the value chose. */
function keysAt(path: readonly PropertyKey[], value: unknown): string[] {
  let schema = unwrap(pipelineSchema, value);
  for (const [index, step] of path.entries())
    schema = unwrap(schema?.shape?.[step], valueAt(value, path.slice(0, index + 1)));
  return Object.keys(schema?.shape ?? {});
}

/** What is asked of a schema here, whatever its class. */
interface AnySchema {
  shape?: Record<PropertyKey, AnySchema>;
  def?: { innerType?: AnySchema; options?: AnySchema[]; discriminator?: string; values?: unknown[] };
}

/** Without defaults and the like; of a discriminated union the option that the value names. */
function unwrap(given: unknown, value: unknown): AnySchema | undefined {
  let schema = given as AnySchema | undefined;
  while (schema?.def?.innerType !== undefined) schema = schema.def.innerType;
  const { options, discriminator } = schema?.def ?? {};
  if (options === undefined || discriminator === undefined) return schema;
  const chosen = valueAt(value, [discriminator]);
  return options.find((option) => option.shape?.[discriminator]?.def?.values?.includes(chosen));
}

/** Values that tell the alternatives of a schema apart. */
function alternativesAt(path: readonly PropertyKey[], value: unknown): string[] {
  const [last] = path.slice(-1);
  let schema = unwrap(pipelineSchema, value);
  for (const [index, step] of path.slice(0, -1).entries()) {
    let next = schema?.shape?.[step];
    while (next?.def?.innerType !== undefined) next = next.def.innerType;
    if (index === path.length - 2 && next?.def?.options !== undefined && last !== undefined)
      return next.def.options.flatMap((option) => option.shape?.[last]?.def?.values?.map(String) ?? []);
    schema = unwrap(next, valueAt(value, path.slice(0, index + 1)));
  }
  return [];
}

/** The candidate within an edit distance that a typing slip explains, or null. */
export function nearestOf(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, substitution));
    }
    previous = row;
  }
  return previous[b.length]!;
}
