import { beforeAll, describe, expect, it } from 'vitest';
import type { AnswerKey } from '../../proof/answer-key.ts';
import { renderProofHtml, renderProofMarkdown } from '../../proof/report.ts';
import { type FileOutcome, scoreActions } from '../../proof/score-actions.ts';
import { summarize } from '../../proof/summarize.ts';
import { createTokenFinder } from '../../proof/token-finder.ts';
import { deidentifyInstance } from '../../stages/deidentify/deidentify-instance.ts';
import { deidentifyOptions, joinOutput } from '../fixtures/deidentify.ts';
import { demoSources, plantInMemory } from './plants.ts';

const options = deidentifyOptions({ dates: 'shift' });
/** Group and pixels decide about these, which a single instance does not show. */
const LATER = /screen-save|silent/;

let key: AnswerKey;
let files: Map<string, Uint8Array>;
let outcomes: Map<string, FileOutcome>;

function outcomeOf(bytes: Uint8Array): FileOutcome {
  const { record, output } = deidentifyInstance(bytes, options);
  return {
    disposition: record.disposition,
    reason: record.reason,
    output: output === null ? null : joinOutput(output),
  };
}

beforeAll(async () => {
  ({ key, files } = plantInMemory(await demoSources(), 10));
  outcomes = new Map([...files].map(([name, bytes]) => [name, outcomeOf(bytes)]));
});

// The long form, 200 patients through the real run: serieswise deid prove
describe('a planted set', () => {
  it('holds what the key says, and is made again from its seed', async () => {
    for (const { path, checks } of key.files) {
      if (path.includes('Zz') === false) throw new Error('a path without a name');
      const removed = checks.filter(
        ({ action, place }) => action === 'text_removed' && place !== 'file-name',
      );
      const finder = createTokenFinder(removed.map(({ value }) => value));
      const bytes = files.get(path)!;
      const isDeflated = Buffer.from(bytes.subarray(0, 1024)).includes('1.2.840.10008.1.2.1.99');
      const missing = new Set(removed.map(({ value }) => value)).size - finder.find(bytes).size;
      if (!isDeflated) expect(missing, path).toBe(0);
    }
    const again = plantInMemory(await demoSources(), 10);
    expect(again.key).toEqual(key);
    expect(
      [...again.files.values()].every(
        (bytes, index) => Buffer.compare(bytes, [...files.values()][index]!) === 0,
      ),
    ).toBe(true);
  });

  it('scores 100 % of HIPAA and DICOM', () => {
    const summary = summarize(key, scoreActions(key, outcomes, new Map()), {});
    expect(summary.checks).toBeGreaterThan(5000);
    expect(new Set(summary.actions.map(({ action }) => action)).size).toBe(10);
    const failures = [...summary.survivors, ...summary.missing].filter(({ where }) => !LATER.test(where));
    expect(failures).toEqual([]);
    expect(renderProofMarkdown(summary)).toContain('| HIPAA |');
    expect(renderProofHtml(summary)).toContain('<h2>The ten actions of MIDI-B</h2>');
  });
});

describe('scoreActions', () => {
  it('takes dates that are gone for safe and for lost', () => {
    const removed = deidentifyOptions();
    const without = new Map(
      [...files].map(([name, bytes]) => {
        const { record, output } = deidentifyInstance(bytes, removed);
        const { disposition, reason } = record;
        return [name, { disposition, reason, output: output === null ? null : joinOutput(output) }];
      }),
    );
    const { verdicts } = scoreActions(key, without, new Map());
    const dates = verdicts.filter(({ check }) => check.action === 'date_shifted' && !LATER.test(check.where));
    expect(dates.length).toBeGreaterThan(100);
    for (const { check, passed } of dates) expect(passed, check.category).toBe(check.category === 'hipaa');
  });

  it('finds everything in files that nobody de-identified', () => {
    const untouched = new Map(
      [...files].map(([name, output]) => [name, { disposition: 'kept', reason: null, output }]),
    );
    const { failures, verdicts } = scoreActions(key, untouched, new Map());
    const failed = (action: string) => failures.filter((failure) => failure.action === action).length;
    const all = (action: string) => verdicts.filter(({ check }) => check.action === action).length;
    for (const action of ['date_shifted', 'uid_consistent', 'pixels_hidden', 'patid_consistent']) {
      expect(failed(action), action).toBe(all(action));
    }
    // File names are in no file, and deflated ones hide what they hold from a plain search.
    expect(failed('text_removed') / all('text_removed')).toBeGreaterThan(0.7);
    expect(failed('uid_changed') / all('uid_changed')).toBeGreaterThan(0.8);
    expect(failed('tag_retained') + failed('pixels_retained')).toBe(0);
  });

  it('misses what is kept back, and says what stands elsewhere', () => {
    const none = new Map(
      [...files.keys()].map((name) => [name, { disposition: 'quarantined', reason: 'x', output: null }]),
    );
    const { failures } = scoreActions(key, none, new Map([[key.identifiers[0]!.text, ['a log']]]));
    expect(failures.filter(({ action }) => action === 'text_removed')).toMatchObject([
      { place: 'anywhere-else', problem: 'stands in a log' },
    ]);
    expect(failures.filter(({ action }) => action === 'pixels_retained').length).toBeGreaterThan(10);
  });

  it('sees a shift of its own for one date, and a pseudonym that two patients share', () => {
    const [first, second] = key.files.filter(({ mustHide }) => !mustHide);
    const other = key.files.find(({ mustHide, patient }) => !mustHide && patient !== first!.patient)!;
    const exchanged = new Map(outcomes);
    exchanged.set(other.path, outcomes.get(first!.path)!);
    exchanged.set(second!.path, outcomes.get(second!.path)!);
    const problems = scoreActions(key, exchanged, new Map()).failures.map(({ problem }) => problem);
    expect(problems).toContain('two of the source became one');
    expect(problems).toContain("moved by another number of days than the patient's other dates");
  });
});

describe('createTokenFinder', () => {
  it('finds text of one and of two bytes a letter in either case, and numbers only as a whole', () => {
    const finder = createTokenFinder(['Zzbabe', '19560314', '2.999.1.1']);
    const found = (text: string, encoding: BufferEncoding = 'latin1') => [
      ...finder.find(Buffer.from(text, encoding)),
    ];
    expect(found('..ZZBABE^')).toEqual(['Zzbabe']);
    expect(found('xzZbAbex', 'utf16le')).toEqual(['Zzbabe']);
    expect(found('2.25.9195603149')).toEqual([]);
    expect(found('on 19560314.')).toEqual(['19560314']);
    expect(found('2.999.1.1.5 2.999.1.12')).toEqual([]);
    expect(found('2.999.1.1\0')).toEqual(['2.999.1.1']);
  });
});
