/**
 * Private attributes that the option Retain Safe Private keeps: those of PS3.15 table E.3.10-1 that occur in CT and are
 * numbers. They are known by creator string and element, never by block number, and their values have a grammar as all
 * others. The table's texts, codes and private UIDs are left out: a grammar cannot tell them from a name.
 */
import type { ValueGrammar } from './profile-table.ts';

export interface SafePrivateRow {
  creator: string;
  group: number;
  /** Within the block: 0x00 to 0xff. */
  element: number;
  vr: string;
  grammar: ValueGrammar;
  name: string;
}

const row = (
  creator: string,
  group: number,
  element: number,
  vr: string,
  grammar: ValueGrammar,
  name: string,
): SafePrivateRow => ({ creator, group, element, vr, grammar, name });
const number = (min: number, max: number): ValueGrammar => ({ kind: 'number', min, max, count: [1, 1] });
const integer = (min: number, max: number): ValueGrammar => ({ kind: 'integer', min, max, count: [1, 1] });

export const SAFE_PRIVATE: readonly SafePrivateRow[] = [
  row('GEMS_ACQU_01', 0x0019, 0x23, 'DS', number(-10_000, 10_000), 'Table Speed, mm/rotation'),
  row('GEMS_ACQU_01', 0x0019, 0x24, 'DS', number(0, 100_000), 'Mid Scan Time, s'),
  row('GEMS_ACQU_01', 0x0019, 0x27, 'DS', number(0, 1000), 'Rotation Speed (Gantry Period)'),
  row('GEMS_SERS_01', 0x0025, 0x07, 'SL', integer(0, 100_000), 'Images in Series'),
  row('GEMS_PARM_01', 0x0043, 0x27, 'SH', { kind: 'ratio' }, 'Scan Pitch Ratio'),
  row('GEMS_HELIOS_01', 0x0045, 0x01, 'SS', integer(0, 10_000), 'Number of Macro Rows in Detector'),
  row('GEMS_HELIOS_01', 0x0045, 0x02, 'FL', number(0, 1000), 'Macro width at ISO Center'),
  row('ELSCINT1', 0x00e1, 0x21, 'DS', number(0, 100_000), 'DLP'),
  row('ELSCINT1', 0x00e1, 0x50, 'DS', number(0, 100_000), 'Acquisition Duration'),
  row('ELSCINT1', 0x01f1, 0x07, 'DS', number(-10_000, 10_000), 'Table Velocity'),
  row('ELSCINT1', 0x01f1, 0x26, 'DS', number(0, 100), 'Pitch'),
  row('ELSCINT1', 0x01f1, 0x27, 'DS', number(0, 1000), 'Rotation Time'),
];
