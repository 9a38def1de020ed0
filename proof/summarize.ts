import { ACTIONS, type Action, type AnswerKey, CATEGORIES, type Category, PLACES } from './answer-key.ts';
import type { Failure, Scored } from './score-actions.ts';

export interface Tally {
  checks: number;
  passed: number;
}

/** The proof's result, as it is written to proof.json. */
export interface ProofSummary {
  seed: number;
  patients: number;
  files: number;
  checks: number;
  passed: number;
  /** HIPAA and DICOM together: what may never fail. */
  required: Tally;
  categories: Record<Category, Tally>;
  /** The ten actions of MIDI-B, in each category. */
  actions: { action: Action; category: Category; checks: number; passed: number }[];
  /** Identifiers that were planted and looked for, by kind. */
  planted: { kind: string; rule: string; planted: number; survived: number }[];
  places: { place: string; planted: number; survived: number }[];
  /** Useful attributes of the real headers (best practice), those first that were lost most often. */
  useful: { attribute: string; rule: string; files: number; lost: number; problem: string | null }[];
  dispositions: Record<string, number>;
  /** Every identifier or UID of a source that came through. Empty in a good run. */
  survivors: Failure[];
  /** Other failures of HIPAA and DICOM. */
  missing: Failure[];
}

const SURVIVAL = new Set<Action>(['text_removed', 'uid_changed', 'pixels_hidden']);
/** What best practice asks to keep, and in what form. */
const USEFUL = new Set<Action>(['text_retained', 'date_shifted']);
const SURVIVED = /stands in|is the date|is that of the source/;

/** Something of a source came out. */
function isSurvivor({ action, problem }: Failure): boolean {
  return SURVIVAL.has(action) || SURVIVED.test(problem);
}

/** @param dispositions how many planted files the run kept, quarantined, excluded … */
export function summarize(
  key: AnswerKey,
  scored: Scored,
  dispositions: Record<string, number>,
): ProofSummary {
  const { verdicts, failures } = scored;
  const tally = (select: (verdict: Scored['verdicts'][number]) => boolean): Tally => {
    const chosen = verdicts.filter(select);
    return { checks: chosen.length, passed: chosen.filter(({ passed }) => passed).length };
  };
  const survivors = failures.filter(isSurvivor);
  return {
    seed: key.seed,
    patients: key.patients,
    files: key.files.length,
    checks: verdicts.length,
    passed: verdicts.filter(({ passed }) => passed).length,
    required: tally(({ check }) => check.category !== 'best-practice'),
    categories: Object.fromEntries(
      CATEGORIES.map((category) => [category, tally(({ check }) => check.category === category)]),
    ) as Record<Category, Tally>,
    actions: ACTIONS.flatMap((action) =>
      CATEGORIES.map((category) => ({
        action,
        category,
        ...tally(({ check }) => check.action === action && check.category === category),
      })),
    ).filter(({ checks }) => checks > 0),
    planted: listKinds(scored),
    places: PLACES.map((place) => {
      const { checks, passed } = tally(({ check }) => check.kind !== null && check.place === place);
      return { place, planted: checks, survived: checks - passed };
    }),
    useful: listUseful(scored),
    dispositions,
    survivors,
    missing: failures.filter((failure) => failure.category !== 'best-practice' && !isSurvivor(failure)),
  };
}

function listKinds({ verdicts }: Scored): ProofSummary['planted'] {
  const kinds = new Map<string, ProofSummary['planted'][number]>();
  for (const { check, passed } of verdicts) {
    const kind = check.kind ?? (check.action === 'uid_changed' ? 'uid' : null);
    if (kind === null) continue;
    const entry = kinds.get(kind) ?? { kind, rule: check.rule, planted: 0, survived: 0 };
    entry.planted += 1;
    if (!passed) entry.survived += 1;
    kinds.set(kind, entry);
  }
  return [...kinds.values()].sort((a, b) => (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0));
}

function listUseful({ verdicts, failures }: Scored): ProofSummary['useful'] {
  const useful = new Map<string, ProofSummary['useful'][number]>();
  for (const { check, passed } of verdicts) {
    if (!USEFUL.has(check.action) || check.category !== 'best-practice') continue;
    const entry = useful.get(check.where) ?? {
      attribute: check.where,
      rule: check.rule,
      files: 0,
      lost: 0,
      problem: null,
    };
    entry.files += 1;
    if (!passed) entry.lost += 1;
    useful.set(check.where, entry);
  }
  for (const { where, problem, action, category } of failures) {
    const entry = useful.get(where);
    if (entry !== undefined && category === 'best-practice' && USEFUL.has(action)) entry.problem ??= problem;
  }
  return [...useful.values()].sort((a, b) => b.lost - a.lost || (a.attribute < b.attribute ? -1 : 1));
}
