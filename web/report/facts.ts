/** What the report takes from run.json rather than from the tables: provenance, timing, what was done to identifiers. */
import type { RunDocument } from '../../activities/run-document.ts';
import type { ResolvedProfile } from '../../stages/deidentify/profile.ts';

/** A name and its value, both plain text. */
export type Fact = readonly [name: string, value: string];

/** How long the run took and how fast it was. */
export function listTiming(run: RunDocument): Fact[] {
  const seconds = (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000;
  const { files_seen: files, bytes_seen: bytes, series } = run.ledger;
  const units = Object.values(series).reduce((sum, count) => sum + count, 0);
  const rate = (count: number): string => (seconds > 0 ? (count / seconds).toFixed(1) : 'n/a');
  return [
    ['Started', run.started_at],
    ['Ended', run.finished_at],
    ['Took', formatDuration(seconds)],
    ['Source', `${files.toLocaleString('en-US')} files, ${formatBytes(bytes)}`],
    ['Rate', `${rate(files)} files, ${rate(bytes / 1e6)} MB and ${rate(units)} series units a second`],
    ['Written', `${run.outputs.files.toLocaleString('en-US')} files, ${formatBytes(run.outputs.bytes)}`],
  ];
}

/** From what the results follow. The host's name stays in run.json: a report is passed on. */
export function listProvenance(run: RunDocument): Fact[] {
  const { bundle, ledger } = run;
  return [
    ['Pipeline', `${run.pipeline.name}, digest ${run.pipeline_digest}`],
    ['Serieswise', run.serieswise_version],
    ['Model bundle', `${bundle.name} ${bundle.version}, card ${bundle.sha256}`],
    ...Object.entries(bundle.files).map(([name, sha256]): Fact => [`Bundle file ${name}`, sha256]),
    [
      'Versions of the steps',
      Object.entries(run.step_versions)
        .map(([step, version]) => `${step} ${version}`)
        .join(', '),
    ],
    ['Archives opened', String(ledger.archives_opened)],
    ['Links skipped', String(ledger.links_skipped)],
    ['Machine', `${run.host.platform} ${run.host.arch}, Node.js ${run.host.node}`],
    ...run.manifest.map(
      (file): Fact => [file.path, `${file.rows.toLocaleString('en-US')} rows, SHA-256 ${file.sha256}`],
    ),
  ];
}

/** What was done to identifiers. */
export function listDeidentificationFacts(run: RunDocument, profile: ResolvedProfile): Fact[] {
  const { profile: _profile, whitelist, ...options } = run.pipeline.deidentify;
  const names = (list: readonly unknown[]): string =>
    list.length === 0
      ? 'none'
      : list.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(', ');
  const actions = new Map<string, number>();
  for (const { action } of profile.rows) actions.set(action, (actions.get(action) ?? 0) + 1);
  return [
    ['Profile', `${profile.name}, version ${profile.version}`],
    [
      'White-list',
      `${profile.rows.length} attribute paths (${[...actions].map(([action, count]) => `${action} ${count}`).join(', ')}); everything else is removed`,
    ],
    ['Added to it', names(whitelist.add)],
    ['Removed from it', names(whitelist.remove)],
    ...Object.entries(options).map(
      ([option, value]): Fact => [
        `Option ${option}`,
        typeof value === 'string' ? value : JSON.stringify(value),
      ],
    ),
    ['Method (CID 7050)', profile.methodCodes.map(({ value, meaning }) => `${value} ${meaning}`).join('; ')],
  ];
}

function formatDuration(seconds: number): string {
  if (!(seconds >= 0)) return 'n/a';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return seconds >= 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${seconds.toFixed(1)} s`;
}

function formatBytes(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}
