/** Agreement of two readers beyond chance (Cohen 1960, doi 10.1177/001316446002000104). */

/** How two readers agree on the units that both have read. */
export interface ReaderAgreement {
  /** Units with a label of both. */
  readonly units: number;
  /** Share of them with one label; null without units. */
  readonly observed: number | null;
  /** Share that two readers with these habits would agree on by chance. */
  readonly expected: number | null;
  /** Cohen's kappa, unweighted; null without units, and where chance alone explains everything. */
  readonly kappa: number | null;
  /** 95% interval from the asymptotic standard error (Fleiss, Cohen & Everitt 1969, doi 10.1037/h0028106). */
  readonly low: number | null;
  readonly high: number | null;
}

const NORMAL_975 = 1.959963984540054;

/**
 * Cohen's kappa of pairs of labels.
 * @param pairs for each unit the label of the first and of the second reader
 */
export function measureAgreement(pairs: readonly (readonly [string, string])[]): ReaderAgreement {
  const units = pairs.length;
  const none = { units, observed: null, expected: null, kappa: null, low: null, high: null };
  if (units === 0) return none;
  const labels = [...new Set(pairs.flat())];
  const cells = new Map<string, Map<string, number>>(labels.map((label) => [label, new Map()]));
  for (const [first, second] of pairs) {
    const row = cells.get(first)!;
    row.set(second, (row.get(second) ?? 0) + 1);
  }
  const share = (first: string, second: string): number => (cells.get(first)!.get(second) ?? 0) / units;
  const sumOver = (term: (label: string) => number): number =>
    labels.reduce((sum, label) => sum + term(label), 0);
  const firstShares = new Map(labels.map((label) => [label, sumOver((other) => share(label, other))]));
  const secondShares = new Map(labels.map((label) => [label, sumOver((other) => share(other, label))]));
  const observed = sumOver((label) => share(label, label));
  const expected = sumOver((label) => firstShares.get(label)! * secondShares.get(label)!);
  if (expected >= 1) return { ...none, observed, expected };
  const kappa = (observed - expected) / (1 - expected);

  const onDiagonal = sumOver(
    (label) =>
      share(label, label) *
      (1 - expected - (firstShares.get(label)! + secondShares.get(label)!) * (1 - observed)) ** 2,
  );
  const offDiagonal = sumOver((first) =>
    sumOver((second) =>
      first === second
        ? 0
        : share(first, second) * (secondShares.get(first)! + firstShares.get(second)!) ** 2,
    ),
  );
  const variance =
    (onDiagonal + (1 - observed) ** 2 * offDiagonal - (observed * expected - 2 * expected + observed) ** 2) /
    (units * (1 - expected) ** 4);
  const half = NORMAL_975 * Math.sqrt(Math.max(0, variance));
  return {
    units,
    observed,
    expected,
    kappa,
    low: Math.max(-1, kappa - half),
    high: Math.min(1, kappa + half),
  };
}
