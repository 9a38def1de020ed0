import { describe, expect, it } from 'vitest';
import { explainRow, explainVerdicts, type Row } from '../../cli/explain-verdict.ts';
import { makeSeriesRow } from '../manifest/rows.ts';

const instance = (fields: Row): Row => ({
  source_key: 'a'.repeat(32),
  disposition: 'kept',
  reason: null,
  rule: null,
  rule_evidence: [],
  output_path: null,
  series_unit: null,
  slice_index: null,
  slice_position_mm: null,
  ...fields,
});
const explain = (parts: Partial<Parameters<typeof explainVerdicts>[0]>) =>
  explainVerdicts({ instances: [], series: [], labels: [], counts: {}, ...parts }).join('\n');

describe('why', () => {
  it('names rule, source and values of a file that is not kept', () => {
    const text = explain({
      instances: [
        explainRow(
          instance({
            disposition: 'excluded',
            reason: 'secondary-capture',
            rule: 'eight-bit-capture',
            rule_evidence: ['bits-stored=8', 'rescale-slope=1'],
          }),
        ),
      ],
    });
    expect(text).toContain('excluded because secondary-capture');
    expect(text).toContain('rule eight-bit-capture: Bits Stored of 8 or fewer');
    expect(text).toContain('source: PS3.3 table C.8-3');
    expect(text).toContain('found: bits-stored=8, rescale-slope=1');
  });

  it('names the neighbours of a slice, and what stands for one that gave way', () => {
    const before = { source_key: 'b'.repeat(32), slice_position_mm: 5 };
    const inside = instance({ slice_index: 2, slice_position_mm: 7.5, before, after: null });
    expect(explain({ instances: [inside] })).toMatch(
      /slice 3, 7.50 mm.*before it: [^\n]*b{32} at 5 mm.*after it: none/s,
    );
    const other = { source_key: 'c'.repeat(32), series_unit: 'su1' };
    const gone = explainRow(
      instance({
        disposition: 'excluded',
        reason: 'duplicate-position',
        rule: 'equal-pixels',
        rule_evidence: ['at-position=2'],
        stands_for_it: other,
      }),
    );
    expect(explain({ instances: [gone] })).toMatch(
      /in its place stands source file c{32} in series unit su1/,
    );
  });

  it('counts what it does not list', () => {
    const text = explain({ instances: [instance({})], counts: { kept: 30, 'odd-slice': 2 } });
    expect(text).toContain('… of 32 source files: 30 kept, 2 odd-slice');
  });

  it('says how a unit was measured, and what its labels rest on', () => {
    const row = makeSeriesRow('su1', {
      slice_spacing_regular: false,
      slice_gap_count: 2,
      slice_gap_positions_mm: [10, 12.5],
      slice_spacing_runs_mm: [2.5, 7.5, 2.5],
      slice_spacing_run_steps: [4, 1, 9],
      in_plane_rotation_deg: 180,
      matrix_mirrored: true,
      rescale_mixed: true,
      frame_of_reference_count: 3,
      removed_slice_count: 2,
      pass_number: 1,
      pass_count: 2,
      pass_evidence: 'content-time',
      review_reasons: ['missing-slices'],
    });
    const labels = [
      {
        series_unit: 'su1',
        task: 'body_part',
        label: 'chest',
        score: 0.9,
        second_label: 'neck',
        second_score: 0.05,
      },
    ];
    const text = explain({ series: [explainRow(row as unknown as Row)], labels });
    for (const part of [
      'not regular: 4 × 2.50, then 1 × 7.50, then 9 × 2.50 mm',
      '2 slices missing, at 10, 12.50 mm from the first',
      '3 mm thick, overlapping by 0.50 mm',
      'turned 180°, mirrored',
      'pass 1 of 2, told apart by content-time',
      'slices differ in rescale',
      '3 frames of reference',
      '2 slices were taken out',
      'labels by starter@1.0.0',
      'to be reviewed: missing-slices',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/body_part +chest +0.900 +neck 0.050/);
  });

  it('reads the rows of an older version, which name no rule', () => {
    const old = {
      source_key: 'd',
      disposition: 'excluded',
      reason: 'localizer',
      output_path: null,
      series_unit: null,
    };
    expect(explain({ instances: [explainRow(old)] })).toContain('excluded because localizer');
  });
});
