import { describe, expect, it } from 'vitest';
import { CONFIDENTIALITY_ROWS } from '../../../dicom/confidentiality.generated.ts';
import { tag } from '../../../dicom/tags.ts';
import { isStringVr } from '../../../dicom/vr.ts';
import {
  type DeidentifyOptions,
  deidentifyInstance,
} from '../../../stages/deidentify/deidentify-instance.ts';
import type { ResolvedProfile, ResolvedRule } from '../../../stages/deidentify/profile.ts';
import {
  type CanaryDataset,
  datasetOf,
  ESSENTIAL_CT,
  encodeFile,
  Markers,
  markerValue,
  plantEverywhere,
} from '../../fixtures/canary.ts';
import { deidentifyOptions, joinOutput } from '../../fixtures/deidentify.ts';
import { allowRule, withRule } from '../../fixtures/mutate-profile.ts';
import { walkRules, withValue } from '../../fixtures/profile-paths.ts';

// Does the canary see what it is for? Each mutant is a profile with one hole in it; it is killed when something of the
// source comes out, or when an instance gets another verdict than under the true profile.
const options = deidentifyOptions({ dates: 'shift', options: { clean_descriptors: true } });

/** UIDs that are no markers: an image must have valid ones. */
const UIDS = {
  SOPInstanceUID: '2.999.7319.3',
  StudyInstanceUID: '2.999.7319.1',
  SeriesInstanceUID: '2.999.7319.2',
};

function withProfile(profile: ResolvedProfile): DeidentifyOptions {
  return { ...options, profile };
}

/** What came out of a file: markers and UIDs of the source, and the verdict. */
function look(bytes: Uint8Array, markers: Markers, profile: ResolvedProfile) {
  const { record, output } = deidentifyInstance(bytes, withProfile(profile));
  const joined = output === null ? new Uint8Array(0) : joinOutput(output);
  const leaks = markers.survivors(joined);
  if (Buffer.from(joined).includes('2.999.7319.')) leaks.push('a UID of the source');
  return { reason: record.reason, leaks };
}

function isKilled(
  bytes: Uint8Array,
  markers: Markers,
  mutant: ResolvedProfile,
  expected = look(bytes, markers, options.profile),
): boolean {
  if (expected.leaks.length > 0) throw new Error('the true profile leaks');
  const found = look(bytes, markers, mutant);
  return found.leaks.length > 0 || found.reason !== expected.reason;
}

describe('allowing an attribute of PS3.15 table E.1-1', () => {
  const rows = CONFIDENTIALITY_ROWS.split('\n').map((row) => row.split(' ')[0]!);
  /** Command Set and File Meta: the one is in no file, the other is written anew, and no profile has a say in them. */
  const EQUIVALENT = ['00001000', '00020003', '00001001'];
  const markers = new Markers();
  const dataset = plantEverywhere(markers, '', false);
  for (const row of rows) {
    const number = tagOfRow(row);
    if (number >>> 16 > 2 && !dataset.has(number)) {
      const item = datasetOf({ PatientName: markers.next(`${row}>PatientName`) });
      dataset.set(number, { vr: 'SQ', value: [item] });
    }
  }
  for (const [number, element] of datasetOf({ ...ESSENTIAL_CT, ...UIDS })) dataset.set(number, element);
  const bytes = encodeFile(dataset, { markers });

  it('has all 621 rows of the table', () => {
    expect(rows).toHaveLength(621);
    expect(look(bytes, markers, options.profile)).toEqual({ reason: null, leaks: [] });
  });

  it('lets something out, for each of them', () => {
    const expected = look(bytes, markers, options.profile);
    const survivors = rows.filter((row) => {
      const number = tagOfRow(row);
      return !isKilled(bytes, markers, withRule(options.profile, [number], allowRule(number)), expected);
    });
    expect(survivors).toEqual(EQUIVALENT);
  });
});

const paths = [...walkRules(options.profile.rules, [])];

describe('dropping a value grammar', () => {
  /**
   * What class of object and modality a file is decides before any profile is asked. One sample a pixel has no planes,
   * so that attribute goes, whatever it says (PS3.3 C.7.6.3.1.3).
   */
  const EQUIVALENT = ['Modality', 'PlanarConfiguration', 'SOPClassUID'];

  it('lets something out or changes the verdict, for each path of the profile', () => {
    const graded = paths.filter(({ rule }) => rule.row.grammar !== null);
    expect(graded.length).toBeGreaterThan(200);
    const survivors = graded.filter(({ path, rule }) => {
      const markers = new Markers();
      const vr = rule.vrs[0]!;
      const marker = markers.next(path.join('>'));
      const bytes = encodeFile(withValue(path, vr, isStringVr(vr) ? marker : markerValue(vr, marker)));
      return !isKilled(bytes, markers, withRule(options.profile, path.map(tag), allowRule(rule.tag)));
    });
    expect(survivors.map(({ path }) => path.join('>')).sort()).toEqual(EQUIVALENT);
  });

  it('is seen for ranges of numbers too, by a record number of eight digits', () => {
    const kept = paths.filter(({ rule }) => rule.row.grammar !== null && /^(DS|IS)$/.test(rule.vrs[0]!));
    expect(kept.length).toBeGreaterThan(80);
    const survivors = kept.filter(({ path, rule }) => {
      const bytes = encodeFile(withValue(path, rule.vrs[0]!, '73918204'));
      const unbounded: ResolvedRule = { ...rule, judge: (text) => /^[\d .]+$/.test(text) || null };
      const mutant = withRule(options.profile, path.map(tag), unbounded);
      const published = (profile: ResolvedProfile) => {
        const { record, output } = deidentifyInstance(bytes, withProfile(profile));
        return `${record.reason} ${output !== null && Buffer.concat(output).includes('73918204')}`;
      };
      return published(mutant) === published(options.profile);
    });
    expect(survivors.map(({ path }) => path.join('>'))).toEqual([]);
  });
});

describe('stopping recursion', () => {
  it('lets something out, for each sequence of the profile', () => {
    const sequences = paths.filter(({ rule }) => /^(items|concepts)$/.test(rule.row.action));
    expect(sequences.length).toBeGreaterThan(40);
    const survivors = sequences.filter(({ path, rule }) => {
      const markers = new Markers();
      const item: CanaryDataset = plantEverywhere(markers, `${path.join('>')}>`, false);
      // The value would stop the instance by itself.
      item.delete(tag('FrameType'));
      const bytes = encodeFile(withValue(path, 'SQ', [item]));
      return !isKilled(bytes, markers, withRule(options.profile, path.map(tag), allowRule(rule.tag)));
    });
    expect(survivors.map(({ path }) => path.join('>'))).toEqual([]);
  });
});

/** A row's tag; of a repeating group the first, and for private attributes one of those that the canary has. */
function tagOfRow(row: string): number {
  if (row === 'private') return 0x00091001;
  if (row === '50xxxxxx') return 0x50003000;
  return Number.parseInt(row.replaceAll('x', '0'), 16);
}
