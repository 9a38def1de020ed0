import fs from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { parse as parseYaml } from 'yaml';
import { CLUSTER_KINDS, type ClusterKind } from '../../evaluation/attributes.ts';
import { EvaluationError } from '../../evaluation/errors.ts';
import { type Evaluation, evaluateLabels } from '../../evaluation/evaluate.ts';
import { formatCount, formatEstimate, nameTask } from '../../evaluation/format.ts';
import { checkGate, type Gate, type GateResult, parseGate } from '../../evaluation/gate.ts';
import { createLabelReader, type LabelAliases, TASK_LABELS } from '../../evaluation/labels.ts';
import { renderHtml } from '../../evaluation/render-html.ts';
import { renderMarkdown } from '../../evaluation/render-markdown.ts';
import { listLeftOut, listOmissions } from '../../evaluation/report-sections.ts';
import { parseSubgroupRequest, type SubgroupRequest } from '../../evaluation/subgroups.ts';
import { listNames, parseAttributes, parseLabelTable, type TableOptions } from '../../evaluation/tables.ts';
import { type LabelSource, readLabelSource } from '../evaluation-files.ts';
import { CliError } from '../exit.ts';

interface EvaluateOptions {
  readonly predictions: string;
  readonly truth: string;
  readonly output: string;
  readonly bootstrap: string;
  readonly seed: string;
  readonly cluster: string;
  readonly subgroup?: string[];
  readonly compare?: string;
  readonly gate?: string;
  readonly aliases?: string;
  readonly scoreOrder?: string[];
  readonly json?: boolean;
}

/** What `evaluation.json` holds: the evaluation, where it came from, and the gate's verdict. */
export interface EvaluationDocument extends Evaluation {
  readonly sources: {
    readonly predictions: LabelSource['source'];
    readonly truth: LabelSource['source'];
    readonly compare: LabelSource['source'] | null;
  };
  readonly gate: GateResult | null;
}

/** Adds `evaluate` to the program. */
export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description("measure predictions against the truth: the paper's statistics with bootstrap intervals")
    .requiredOption(
      '--predictions <file>',
      'CSV or Parquet of predicted labels, or the output folder of a run',
    )
    .requiredOption('--truth <file>', 'CSV or Parquet of true labels, or a run that was reviewed')
    .requiredOption('--output <dir>', 'folder for evaluation.json, evaluation.md and evaluation.html')
    .option('--bootstrap <n>', 'bootstrap rounds; 0 for no intervals', '1000')
    .option('--seed <n>', 'seed of the bootstrap', '1')
    .option('--cluster <kind>', 'what is resampled as a whole: series, study or patient', 'series')
    .option('--subgroup <column...>', 'a table by this column; COLUMN:EDGE,EDGE,… cuts numbers')
    .option('--compare <file>', 'a second set of predictions, compared with the first')
    .option('--gate <file>', 'YAML or JSON of limits; exit code 1 when one is not met')
    .option('--aliases <file>', 'YAML or JSON of further label spellings: TASK: { SPELLING: LABEL }')
    .option('--score-order <task=labels...>', 'order of the labels in a column scores: TASK=LABEL,LABEL,…')
    .option('--json', 'print the result as JSON on standard output')
    .addHelpText(
      'after',
      `
Tables are in long form (series_unit, task, label, and score:LABEL columns or a scores list where there are scores)
or in wide form (series_unit, body_part, axis, contrast). Further columns (study, patient, dataset, …) serve
--cluster and --subgroup. docs/evaluation.md says what every figure means.

Examples:
  serieswise evaluate --predictions RUN --truth truth.csv --output evaluation --cluster patient
  serieswise evaluate --predictions new.parquet --compare old.parquet --truth truth.csv --output evaluation --gate gate.yaml`,
    )
    .action((options: EvaluateOptions) => runEvaluate(options));
}

/**
 * Runs `evaluate`: reads, measures, writes, reports.
 * @throws CliError 2 for options or tables that cannot be used, 3 where the output cannot be written, 1 when the
 * gate fails (after writing everything).
 */
export async function runEvaluate(options: EvaluateOptions): Promise<void> {
  const document = await withPlainErrors(() => evaluateFiles(options));
  writeOutputs(options.output, document);
  if (options.json === true) process.stdout.write(`${JSON.stringify(document)}\n`);
  process.stderr.write(summarize(document, options.output));
  if (document.gate?.passed === false) {
    const failed = document.gate.findings.filter(({ result }) => result === 'fail');
    throw new CliError(
      `The release gate failed: ${failed.length} limit(s) not met, ${failed
        .slice(0, 5)
        .map(({ rule, path: at, limit, value }) => `${rule} ${at} ${limit} (found ${value ?? 'nothing'})`)
        .join('; ')}${failed.length > 5 ? ' …' : ''}.`,
      1,
    );
  }
}

async function withPlainErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EvaluationError) throw new CliError(error.message, 2);
    throw error;
  }
}

async function evaluateFiles(options: EvaluateOptions): Promise<EvaluationDocument> {
  const rounds = readCount('--bootstrap', options.bootstrap);
  const seed = readCount('--seed', options.seed);
  const cluster = CLUSTER_KINDS.find((kind) => kind === options.cluster);
  if (cluster === undefined) {
    throw new CliError(`--cluster must be one of ${CLUSTER_KINDS.join(', ')}.`, 2);
  }
  const subgroups = (options.subgroup ?? []).map(parseSubgroupRequest);
  const gate = options.gate === undefined ? null : parseGate(readDocument('--gate', options.gate));
  const reference = gate === null || options.gate === undefined ? null : readReference(gate, options.gate);
  const aliases = options.aliases === undefined ? {} : readAliases(options.aliases);
  const scoreOrder = readScoreOrder(options.scoreOrder ?? [], aliases);

  const wanted = listWantedColumns(cluster, subgroups);
  const read = (option: string, file: string): Promise<LabelSource> => readLabelSource(option, file, wanted);
  const predictions = await read('--predictions', options.predictions);
  const truth = await read('--truth', options.truth);
  const compare = options.compare === undefined ? null : await read('--compare', options.compare);
  checkSubgroupColumns(subgroups, [predictions, truth]);

  const parse = (source: LabelSource, name: string): ReturnType<typeof parseLabelTable> => {
    const { available } = source.labels;
    const tableOptions: TableOptions = { name, aliases, scoreOrder, available };
    return parseLabelTable(source.labels.columns, tableOptions);
  };
  const evaluation = evaluateLabels(
    {
      truth: parse(truth, 'truth'),
      predictions: parse(predictions, 'predictions'),
      ...(predictions.series === null
        ? {}
        : { seriesAttributes: parseAttributes(predictions.series.columns) }),
      ...(compare === null ? {} : { compare: parse(compare, 'compared predictions') }),
    },
    { rounds, seed, cluster, subgroups, aliases },
  );
  return {
    ...evaluation,
    sources: { predictions: predictions.source, truth: truth.source, compare: compare?.source ?? null },
    gate: gate === null ? null : checkGate(gate, evaluation, reference),
  };
}

function readCount(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new CliError(`${option} must be a whole number, 0 or more.`, 2);
  }
  return value;
}

function listWantedColumns(cluster: ClusterKind, subgroups: readonly SubgroupRequest[]): Set<string> {
  return new Set([
    // Patient columns are read at any rate: their presence is worth a notice.
    'patient',
    'patient_id',
    ...(cluster === 'study' ? ['study', 'study_instance_uid'] : []),
    'needs_review',
    ...subgroups.map(({ column }) => column),
  ]);
}

function checkSubgroupColumns(subgroups: readonly SubgroupRequest[], sources: readonly LabelSource[]): void {
  const available = new Set(
    sources.flatMap(({ labels, series }) => [...labels.available, ...(series?.available ?? [])]),
  );
  for (const { column } of subgroups) {
    if (!available.has(column)) {
      throw new CliError(
        `--subgroup ${column}: neither truth nor predictions have this column. They have: ` +
          `${listNames([...available].sort())}. Add the column to the truth, or choose another.`,
        2,
      );
    }
  }
}

function readDocument(option: string, file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    throw new CliError(`${option}: ${file} cannot be read.`, 2);
  }
  try {
    return parseYaml(text);
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw new CliError(`${option}: ${file} is neither YAML nor JSON: ${reason ?? ''}`, 2);
  }
}

function readReference(gate: Gate, gateFile: string): Evaluation | null {
  if (gate.reference === null) return null;
  const file = path.resolve(path.dirname(gateFile), gate.reference);
  const document = readDocument('--gate, reference', file) as Partial<Evaluation> | null;
  if (document?.schema !== 'serieswise.evaluation/1') {
    throw new CliError(`--gate, reference: ${file} is not an evaluation.json of this version.`, 2);
  }
  return document as Evaluation;
}

function readAliases(file: string): LabelAliases {
  const document = readDocument('--aliases', file);
  const mistakes: string[] = [];
  const tasks = typeof document === 'object' && document !== null ? Object.entries(document) : [];
  if (tasks.length === 0) mistakes.push('it must map tasks to spellings');
  for (const [task, spellings] of tasks) {
    if (typeof spellings !== 'object' || spellings === null) {
      mistakes.push(`"${task}" must map spellings to labels`);
      continue;
    }
    const readLabel = createLabelReader(task);
    for (const [spelling, label] of Object.entries(spellings)) {
      if (readLabel(label).kind !== 'label')
        mistakes.push(`"${task}": "${spelling}" is mapped to an unknown label`);
    }
  }
  if (mistakes.length > 0) throw new CliError(`--aliases: ${file}: ${mistakes.join('; ')}.`, 2);
  return document as LabelAliases;
}

function readScoreOrder(texts: readonly string[], aliases: LabelAliases): Record<string, string[]> {
  const orders: Record<string, string[]> = {};
  for (const text of texts) {
    const [task, list] = text.split('=');
    if (task === undefined || list === undefined || list === '') {
      throw new CliError(`--score-order ${text}: write it as TASK=LABEL,LABEL,….`, 2);
    }
    const readLabel = createLabelReader(task, aliases);
    orders[task] = list.split(',').map((name) => {
      const reading = readLabel(name);
      if (reading.kind === 'label') return reading.label;
      const known = TASK_LABELS[task]?.join(', ') ?? '';
      throw new CliError(`--score-order ${task}: "${name}" is no label of it. Known labels: ${known}.`, 2);
    });
  }
  return orders;
}

/** Written beside and renamed, so that nobody reads half a file. */
function writeOutputs(folder: string, document: EvaluationDocument): void {
  const files = {
    'evaluation.json': `${JSON.stringify(document, null, 1)}\n`,
    'evaluation.md': renderMarkdown(document, document.gate),
    'evaluation.html': renderHtml(document, document.gate),
  };
  try {
    fs.mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      const target = path.join(folder, name);
      const beside = `${target}.${process.pid}.tmp`;
      fs.writeFileSync(beside, text);
      fs.renameSync(beside, target);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new CliError(
      `--output: cannot write to ${folder} (${code}). Choose a folder that you may write to.`,
      3,
    );
  }
}

function summarize(document: EvaluationDocument, folder: string): string {
  const lines = Object.values(document.tasks).map(
    (task) =>
      `${nameTask(task.task)}: accuracy ${formatEstimate(task.measures.accuracy, 'accuracy')} %, ` +
      `macro F1 ${formatEstimate(task.measures.macro_f1, 'macro_f1')} %, ${formatCount(task.series)} series`,
  );
  if (document.joint !== null) {
    const { measures, series } = document.joint;
    lines.push(
      `All labels right: ${formatEstimate(measures.joint_exact_match, 'accuracy')} %, labels right: ` +
        `${formatEstimate(measures.mean_label_accuracy, 'accuracy')} %, ${formatCount(series)} series`,
    );
  }
  for (const notice of [...document.notices, ...listOmissions(document), ...listLeftOut(document)]) {
    lines.push(`Note: ${notice}`);
  }
  if (document.gate?.passed === true)
    lines.push(`Release gate: passed (${document.gate.findings.length} limits).`);
  lines.push(`Written: ${path.join(folder, 'evaluation.html')} (and .md, .json)`);
  return `${lines.join('\n')}\n`;
}
