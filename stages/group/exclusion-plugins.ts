/**
 * Exclusion rules that a pipeline brings along (docs/sdk.md). They are asked after the house's own, of units that those
 * keep, and are shown what is de-identified; what they answer is numbers and words of a closed form.
 */
import { dispositionOf } from '../reasons.ts';
import type { InstanceRecord, SeriesUnit } from '../records.ts';
import { type Finding, type RuleName, reasonOfRule } from '../rules.ts';
import type { Grouping } from './group-series.ts';

const FACTS = [
  'modality',
  'instanceCount',
  'rows',
  'columns',
  'pixelSpacingMm',
  'sliceSpacingMm',
  'sliceSpacingRegular',
  'sliceGapCount',
  'gantryTiltDeg',
  'imageOrientationPatient',
  'axisGeometry',
  'coverageMm',
  'pass',
  'removedSliceCount',
  'manufacturer',
  'manufacturerModelName',
  'convolutionKernel',
  'kvp',
  'evidence',
] as const satisfies (keyof SeriesUnit)[];

/** What a rule is shown of a series unit: geometry, device and normalized header; no identifier, not even a pseudonym. */
export type UnitFacts = Readonly<Pick<SeriesUnit, (typeof FACTS)[number]>>;

/** What the pipeline says to a rule, by name. */
export type PluginOptions = Readonly<Record<string, string | number | boolean>>;

/** What an exclusion rests on, for `why`: finite numbers, and kebab-case words of up to 32 characters. */
export type PluginEvidence = Readonly<Record<string, number | string>>;

/** The default export of a plugin's module. */
export interface ExclusionPlugin {
  /** Kebab-case, at most 32 characters; shown with every exclusion. */
  readonly name: string;
  /**
   * Asked once of every unit that the rules of the house keep, before its pixels are read. The same arguments have to
   * give the same answer, on every machine and at any time.
   * @returns false when the unit stays; true, or what that rests on, when it does not
   */
  exclude(unit: UnitFacts, options: PluginOptions): boolean | PluginEvidence;
}

/** A plugin with the options of one entry of the pipeline. */
export interface ConfiguredPlugin {
  plugin: ExclusionPlugin;
  options: PluginOptions;
}

/**
 * @param records of all instances of the grouping
 * @returns the grouping, with units that the first rule to say so excludes. A unit on which a rule throws, or answers
 *   something that is no answer, is quarantined as `plugin-failed`. An instance follows its unit, unless frames of it are
 *   in another one that is kept
 */
export function applyExclusionPlugins(
  grouping: Grouping,
  records: Iterable<InstanceRecord>,
  plugins: readonly ConfiguredPlugin[],
): Grouping {
  const findings = new Map<string, Finding>();
  for (const unit of grouping.units) {
    if (unit.disposition !== 'kept') continue;
    for (const plugin of plugins) {
      const finding = ask(plugin, unit);
      if (finding === null) continue;
      findings.set(unit.seriesUnit, finding);
      break;
    }
  }
  if (findings.size === 0) return grouping;
  const units = grouping.units.map((unit) => ({ ...unit, ...verdictOf(findings.get(unit.seriesUnit)) }));
  const keptUnitOf = new Map<string, string>();
  for (const { disposition, slices, seriesUnit } of units) {
    if (disposition !== 'kept') continue;
    for (const { sopInstanceUid } of slices)
      if (!keptUnitOf.has(sopInstanceUid)) keptUnitOf.set(sopInstanceUid, seriesUnit);
  }
  const instanceOf = new Map([...records].map((record) => [record.sourceKey, record.sopInstanceUid]));
  const verdicts = grouping.verdicts.map((verdict) => {
    const finding = verdict.disposition === 'kept' ? findings.get(verdict.seriesUnit ?? '') : undefined;
    if (finding === undefined) return verdict;
    const other = keptUnitOf.get(instanceOf.get(verdict.sourceKey) ?? '');
    return other === undefined ? { ...verdict, ...verdictOf(finding) } : { ...verdict, seriesUnit: other };
  });
  return { units, verdicts };
}

function verdictOf(finding: Finding | undefined): Partial<Omit<SeriesUnit, 'seriesUnit'>> {
  if (finding === undefined) return {};
  const reason = reasonOfRule(finding.rule);
  return { disposition: dispositionOf(reason), reason, rule: finding.rule, ruleEvidence: finding.evidence };
}

function ask({ plugin, options }: ConfiguredPlugin, unit: SeriesUnit): Finding | null {
  const find = (rule: RuleName, evidence: string[]) => ({
    rule,
    evidence: [`plugin=${plugin.name}`, ...evidence],
  });
  const facts = Object.fromEntries(FACTS.map((name) => [name, structuredClone(unit[name])])) as UnitFacts;
  let answer: unknown;
  try {
    answer = plugin.exclude(facts, { ...options });
  } catch {
    // What was thrown may hold anything: it goes nowhere.
    return find('plugin-failed', ['failure=threw']);
  }
  if (answer === false) return null;
  if (answer === true) return find('excluded-by-plugin', []);
  const evidence =
    typeof answer === 'object' && answer !== null && Object.getPrototypeOf(answer) === Object.prototype
      ? Object.entries(answer)
      : null;
  if (evidence === null || !evidence.every(isEvidence)) return find('plugin-failed', ['failure=bad-answer']);
  return find(
    'excluded-by-plugin',
    evidence.map(([name, value]) => `${name}=${value}`),
  );
}

const WORD = /^[a-z0-9]+(-[a-z0-9]+)*$/;

function isEvidence([name, value]: [string, unknown]): boolean {
  if (name.length > 32 || !WORD.test(name) || name === 'plugin') return false;
  return typeof value === 'number'
    ? Number.isFinite(value)
    : typeof value === 'string' && value.length <= 32 && WORD.test(value);
}
