// What was measured, as docs/benchmarks.json keeps it: rows, and stages that could not be measured, in order of stages.

/**
 * A report in which fresh stages take the place of what was told of them before.
 * @param {{ rows: object[], failures: object[] }} before
 * @param {{ rows: object[], failures: object[] }} fresh entries have their stage's `key`
 * @param {readonly string[]} measured keys of the stages that were tried
 * @param {readonly string[]} order keys of all stages
 */
export function mergeReports(before, fresh, measured, order) {
  const merge = (name) => {
    const entries = [...before[name].filter(({ key }) => !measured.includes(key)), ...fresh[name]];
    return order.flatMap((key) => entries.filter((entry) => entry.key === key));
  };
  return { rows: merge('rows'), failures: merge('failures') };
}
