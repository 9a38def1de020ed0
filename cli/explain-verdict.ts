/** Verdicts in words, from rows of the manifest alone: nothing that de-identification removes can get in here. */
import { REASONS, type Reason } from '../stages/reasons.ts';
import { RULES, type RuleName } from '../stages/rules.ts';
import { renderTable } from './table.ts';

export type Row = Record<string, unknown>;

interface Explained {
  /** Rows of {@link explainRow}, with the slices around them. */
  instances: readonly Row[];
  series: readonly Row[];
  labels: readonly Row[];
  /** Of all source files of the key, by reason. */
  counts: Readonly<Record<string, number>>;
}

/** A row with the meaning of its reason and of its rule. */
export function explainRow(row: Row): Row {
  const { reason, rule } = row as { reason: Reason | null; rule?: RuleName | null };
  if (reason === null) return row;
  const explained: Row = { ...row, reason_meaning: REASONS[reason].meaning };
  if (rule === null || rule === undefined) return explained;
  const { looksAt, source } = RULES[rule];
  return { ...explained, rule_looks_at: looksAt, rule_source: source };
}

export function explainVerdicts({ instances, series, labels, counts }: Explained): string[] {
  const files = instances.flatMap(explainInstance);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total > instances.length) {
    const parts = Object.entries(counts).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    files.push(`… of ${total} source files: ${parts.map(([name, count]) => `${count} ${name}`).join(', ')}`);
  }
  const units = series.map((row) => {
    const own = labels.filter((label) => label.series_unit === row.series_unit);
    return [...explainUnit(row), ...(own.length > 0 ? explainLabels(row, own) : [])];
  });
  // Who asks of one file wants to know of that first; who asks of more than one, of what they make up.
  const parts = (total > 1 ? [...units, files] : [files, ...units]).filter((lines) => lines.length > 0);
  return parts.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

function explainInstance(row: Row): string[] {
  const lines = [`source file ${row.source_key}: ${explainDisposition(row)}`, ...explainRule(row)];
  if (row.output_path !== null) lines.push(`  published as ${row.output_path}`);
  if (row.series_unit !== null) lines.push(`  in series unit ${row.series_unit}`);
  if (isGiven(row.slice_index)) {
    lines.push(`  slice ${Number(row.slice_index) + 1}, ${show(row.slice_position_mm)} mm from the first`);
    for (const side of ['before', 'after'] as const) {
      const neighbour = row[side] as Row | null | undefined;
      if (neighbour === undefined) continue;
      const text =
        neighbour === null
          ? 'none'
          : `source file ${neighbour.source_key} at ${show(neighbour.slice_position_mm)} mm`;
      lines.push(`  ${side} it: ${text}`);
    }
  }
  const other = row.stands_for_it as Row | null | undefined;
  if (other) {
    const unit = other.series_unit === null ? '' : ` in series unit ${other.series_unit}`;
    lines.push(`  in its place stands source file ${other.source_key}${unit}`);
  }
  return lines;
}

function explainUnit(row: Row): string[] {
  const lines = [`series unit ${row.series_unit}: ${explainDisposition(row)}`, ...explainRule(row)];
  const count = `${row.instance_count} ${row.instance_count === 1 ? 'instance' : 'instances'}`;
  if (!isGiven(row.image_orientation_patient)) return [...lines, `  ${count} without a common geometry`];
  lines.push(
    `  ${count} of ${show(row.rows)}×${show(row.columns)}, ${show(row.axis_geometry)} by orientation; turned ${show(row.in_plane_rotation_deg)}°${row.matrix_mirrored === true ? ', mirrored' : ''}`,
  );
  if (!isGiven(row.slice_spacing_mm)) return lines;
  lines.push(
    `  spacing ${show(row.slice_spacing_mm)} mm (median step along the normal; ${row.slice_spacing_regular === true ? 'every step within 5% or 0.1 mm' : explainRuns(row)})`,
    `  ${explainGaps(row)}; ${explainOverlap(row)}`,
    `  tilt ${show(row.gantry_tilt_deg)}° between the normal and the line of the positions; coverage ${show(row.coverage_mm)} mm`,
  );
  if (isGiven(row.pass_number))
    lines.push(`  pass ${row.pass_number} of ${row.pass_count}, told apart by ${row.pass_evidence}`);
  if (row.rescale_mixed === true) lines.push('  slices differ in rescale; each is read with its own');
  if (Number(row.frame_of_reference_count ?? 0) > 1)
    lines.push(`  ${row.frame_of_reference_count} frames of reference, in one line and order all the same`);
  if (Number(row.removed_slice_count ?? 0) > 0)
    lines.push(`  ${row.removed_slice_count} slices were taken out of the stack`);
  return lines;
}

function explainRuns(row: Row): string {
  const [spacings, steps] = [listOf(row.slice_spacing_runs_mm), listOf(row.slice_spacing_run_steps)];
  if (spacings.length === 0) return 'not regular';
  if (spacings.length > 6) {
    return `${spacings.length - 1} changes, ${show(row.slice_spacing_min_mm)} to ${show(row.slice_spacing_max_mm)} mm`;
  }
  const runs = spacings.map((spacing, index) => `${steps[index]} × ${show(spacing)}`);
  return `not regular: ${runs.join(', then ')} mm`;
}

function explainGaps(row: Row): string {
  const count = row.slice_gap_count;
  if (!isGiven(count)) return 'gaps not countable, since the spacing is irregular otherwise too';
  const positions = listOf(row.slice_gap_positions_mm);
  if (count === 0 || positions.length === 0) return `${count} slices missing`;
  const shown = positions.slice(0, 12).map(show).join(', ');
  return `${count} slices missing, at ${shown}${positions.length > 12 ? ' …' : ''} mm from the first`;
}

function explainOverlap(row: Row): string {
  if (!isGiven(row.slice_overlap_mm)) return 'thickness not given';
  const overlap = Number(row.slice_overlap_mm);
  const thickness = `${show(row.slice_thickness_mm)} mm thick`;
  if (Math.abs(overlap) < 0.005) return `${thickness}, edge to edge`;
  return `${thickness}, ${overlap > 0 ? `overlapping by ${show(overlap)}` : `${show(-overlap)} apart`}${' mm'}`;
}

/** What the labels rest on: pixels through a bundle, and beside it header and geometry. */
function explainLabels(row: Row, labels: readonly Row[]): string[] {
  const tasks = ['body_part', 'axis', 'contrast'] as const;
  const table = renderTable(
    ['  task', 'label', 'score', 'second', 'header', 'geometry', 'verdict'],
    tasks.map((task) => {
      const label = labels.find((each) => each.task === task);
      return [
        `  ${task}`,
        show(label?.label),
        Number(label?.score).toFixed(3),
        `${show(label?.second_label)} ${Number(label?.second_score).toFixed(3)}`,
        show(row[`${task}_header`]),
        task === 'axis' ? show(row.axis_geometry) : '',
        show(row[`${task}_agreement`]),
      ];
    }),
  );
  const lines = [
    `  labels by ${show(row.bundle)} from the tensor ${String(row.tensor_sha256).slice(0, 12)}… (mean ${show(row.tensor_mean)}, ${percent(row.tensor_air_fraction)} air, ${percent(row.tensor_saturated_fraction)} saturated)`,
    table,
  ];
  const reviews = row.review_reasons as string[] | null;
  if (reviews !== null && reviews.length > 0) lines.push(`  to be reviewed: ${reviews.join(', ')}`);
  return lines;
}

function explainDisposition(row: Row): string {
  return `${row.disposition}${row.reason === null ? '' : ` because ${row.reason}`}`;
}

function explainRule(row: Row): string[] {
  const lines: string[] = [];
  if (row.reason_meaning !== undefined) lines.push(`  ${row.reason_meaning}`);
  if (row.rule_looks_at !== undefined) {
    lines.push(`  rule ${row.rule}: ${row.rule_looks_at} (source: ${row.rule_source})`);
  }
  const evidence = (row.rule_evidence ?? []) as string[];
  if (evidence.length > 0) lines.push(`  found: ${evidence.join(', ')}`);
  return lines;
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function listOf(value: unknown): number[] {
  return isGiven(value) ? (value as number[]).map(Number) : [];
}

function percent(value: unknown): string {
  return isGiven(value) ? `${(100 * Number(value)).toFixed(0)}%` : '-';
}

function show(value: unknown): string {
  if (!isGiven(value)) return '-';
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
}
