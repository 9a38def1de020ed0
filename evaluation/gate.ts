import { EvaluationError } from './errors.ts';
import type { Evaluation } from './evaluate.ts';

/** Measures of which less is better; a rise is a loss. */
const LESS_IS_BETTER = new Set(['ece', 'brier', 'aurc', 'missing_predictions']);

const RULE_KINDS = ['minimum', 'maximum', 'minimum_low', 'maximum_loss'] as const;
type RuleKind = (typeof RULE_KINDS)[number];

/** A release gate: limits by path, `TASK.MEASURE`, `TASK.LABEL.MEASURE`, `joint.MEASURE`; `*` stands for any. */
export interface Gate {
  /** Least value. */
  readonly minimum: Readonly<Record<string, number>>;
  /** Greatest value. */
  readonly maximum: Readonly<Record<string, number>>;
  /** Least value of the interval's lower end. */
  readonly minimum_low: Readonly<Record<string, number>>;
  /** Most that may be lost against the second predictions (--compare) or an earlier evaluation (`reference`). */
  readonly maximum_loss: Readonly<Record<string, number>>;
  /** Classes with fewer true series are not judged by rules with `*`; they are listed as skipped. */
  readonly minimum_support: number;
  /** Path of an earlier `evaluation.json`, relative to the gate file. */
  readonly reference: string | null;
}

/** One judged value. */
interface GateFinding {
  readonly rule: RuleKind;
  readonly path: string;
  readonly limit: number;
  /** The value judged; for a loss, how much was lost. Null where it is undefined. */
  readonly value: number | null;
  readonly result: 'pass' | 'fail' | 'skipped';
  readonly note: string | null;
}

/** The gate's verdict. */
export interface GateResult {
  readonly passed: boolean;
  readonly findings: readonly GateFinding[];
}

/** Checks a parsed gate file. @throws EvaluationError that lists every mistake at once. */
export function parseGate(document: unknown): Gate {
  const mistakes: string[] = [];
  const fields = asRecord(document);
  if (fields === null) throw new EvaluationError('bad-gate', 'The gate file must hold one mapping of rules.');
  const allowed = [...RULE_KINDS, 'minimum_support', 'reference'];
  for (const key of Object.keys(fields)) {
    if (!allowed.includes(key)) mistakes.push(`unknown key "${key}" (allowed: ${allowed.join(', ')})`);
  }
  const readRules = (kind: RuleKind): Record<string, number> => {
    if (fields[kind] === undefined) return {};
    const rules = asRecord(fields[kind]);
    if (rules === null) {
      mistakes.push(`"${kind}" must map paths such as body_part.accuracy to numbers`);
      return {};
    }
    for (const [path, limit] of Object.entries(rules)) {
      if (typeof limit !== 'number' || !Number.isFinite(limit)) {
        mistakes.push(`"${kind}": the limit of "${path}" must be a number`);
      }
    }
    return rules as Record<string, number>;
  };
  const gate: Gate = {
    minimum: readRules('minimum'),
    maximum: readRules('maximum'),
    minimum_low: readRules('minimum_low'),
    maximum_loss: readRules('maximum_loss'),
    minimum_support: (fields.minimum_support ?? 1) as number,
    reference: (fields.reference ?? null) as string | null,
  };
  if (typeof gate.minimum_support !== 'number') mistakes.push('"minimum_support" must be a number of series');
  if (gate.reference !== null && typeof gate.reference !== 'string') {
    mistakes.push('"reference" must be the path of an earlier evaluation.json');
  }
  if (RULE_KINDS.every((kind) => Object.keys(gate[kind]).length === 0)) {
    mistakes.push(`it has no rule: give at least one of ${RULE_KINDS.join(', ')}`);
  }
  if (mistakes.length > 0)
    throw new EvaluationError('bad-gate', `The gate file is invalid: ${mistakes.join('; ')}.`);
  return gate;
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

interface Measured {
  readonly value: number | null;
  readonly low: number | null;
  /** True series behind it, for a class. */
  readonly support: number | null;
  /** First minus second predictions, where they were compared. */
  readonly difference: number | null;
}

/**
 * Judges an evaluation. A rule that names one value fails where that value is undefined: a gate never passes on
 * silence. A rule with `*` skips classes below `minimum_support`.
 * @param reference an earlier evaluation, for `maximum_loss` without a comparison.
 * @throws EvaluationError for a path that nothing matches, or a loss with nothing to lose against.
 */
export function checkGate(gate: Gate, evaluation: Evaluation, reference: Evaluation | null): GateResult {
  const measured = flattenEvaluation(evaluation);
  const earlier = reference === null ? null : flattenEvaluation(reference);
  if (Object.keys(gate.maximum_loss).length > 0 && evaluation.comparison === null && earlier === null) {
    throw new EvaluationError(
      'bad-gate',
      'The gate file has "maximum_loss", which needs something to compare with: give --compare FILE, or name an ' +
        'earlier evaluation.json under "reference".',
    );
  }
  const findings: GateFinding[] = [];
  for (const rule of RULE_KINDS) {
    for (const [pattern, limit] of Object.entries(gate[rule])) {
      const paths = [...measured.keys()].filter((path) => matchesPath(pattern, path));
      if (paths.length === 0) {
        throw new EvaluationError(
          'bad-gate',
          `The gate file's "${rule}" names "${pattern}", which this evaluation does not have. Paths are ` +
            'TASK.MEASURE, TASK.LABEL.MEASURE or joint.MEASURE, with * for any; what needs scores is there only ' +
            'with scores.',
        );
      }
      for (const path of paths) {
        findings.push(
          judge(rule, path, limit, measured.get(path)!, earlier?.get(path), pattern.includes('*'), gate),
        );
      }
    }
  }
  return { passed: findings.every(({ result }) => result !== 'fail'), findings };
}

function judge(
  rule: RuleKind,
  path: string,
  limit: number,
  measured: Measured,
  earlier: Measured | undefined,
  isPattern: boolean,
  gate: Gate,
): GateFinding {
  const lessIsBetter = LESS_IS_BETTER.has(path.slice(path.lastIndexOf('.') + 1));
  const value =
    rule === 'minimum_low'
      ? measured.low
      : rule === 'maximum_loss'
        ? computeLoss(measured, earlier, lessIsBetter)
        : measured.value;
  const finding = { rule, path, limit, value };
  if (isPattern && measured.support !== null && measured.support < gate.minimum_support) {
    return { ...finding, result: 'skipped', note: `only ${measured.support} true series` };
  }
  if (value === null) {
    return { ...finding, result: 'fail', note: 'undefined on this data' };
  }
  // A limit written in decimals is met by a value that differs from it by rounding alone.
  const slack = 1e-12;
  const passes =
    rule === 'maximum' || rule === 'maximum_loss' ? value <= limit + slack : value >= limit - slack;
  return { ...finding, result: passes ? 'pass' : 'fail', note: null };
}

function computeLoss(
  measured: Measured,
  earlier: Measured | undefined,
  lessIsBetter: boolean,
): number | null {
  const gain =
    measured.difference ??
    (measured.value === null || earlier === undefined || earlier.value === null
      ? null
      : measured.value - earlier.value);
  return gain === null ? null : lessIsBetter ? gain : -gain;
}

function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('.');
  const parts = path.split('.');
  return wanted.length === parts.length && wanted.every((part, i) => part === '*' || part === parts[i]);
}

/** Every value that a gate can name, by path. */
function flattenEvaluation(evaluation: Evaluation): Map<string, Measured> {
  const values = new Map<string, Measured>();
  for (const [task, result] of Object.entries(evaluation.tasks)) {
    const compared = evaluation.comparison?.tasks[task];
    for (const [measure, { value, low }] of Object.entries(result.measures)) {
      const difference = compared?.measures[measure]?.difference.value ?? null;
      values.set(`${task}.${measure}`, { value, low, support: null, difference });
    }
    values.set(`${task}.missing_predictions`, {
      value: result.join.only_in_truth.count + result.join.prediction_unlabelled.count,
      low: null,
      support: null,
      difference: null,
    });
    for (const [label, { support, measures }] of Object.entries(result.classes)) {
      const second = compared?.classes[label]?.measures;
      for (const [measure, { value, low }] of Object.entries(measures)) {
        const difference = second?.[measure]?.difference.value ?? null;
        values.set(`${task}.${label}.${measure}`, { value, low, support, difference });
      }
    }
  }
  for (const [measure, { value, low }] of Object.entries(evaluation.joint?.measures ?? {})) {
    const difference = evaluation.comparison?.joint?.measures[measure]?.difference.value ?? null;
    values.set(`joint.${measure}`, { value, low, support: null, difference });
  }
  return values;
}
