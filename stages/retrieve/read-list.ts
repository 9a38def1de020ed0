/** The list of studies that somebody wants: a CSV file of accession numbers or Study Instance UIDs. */
import { isValidUid } from '../../dicom/uids.ts';

/** A list with mistakes. Lines, never values: a list holds identifiers. */
export class ListError extends Error {
  override readonly name = 'ListError';
  readonly lines: number[];

  constructor(message: string, lines: number[]) {
    super(message);
    this.lines = lines;
  }
}

export interface ListedStudy {
  value: string;
  expectedCount: number | null;
}

const NAMES = {
  accession_list: ['accession_number', 'accessionnumber', 'accession'],
  study_list: ['study_instance_uid', 'studyinstanceuid', 'study_uid', 'study'],
} as const;
const COUNT_NAMES = ['expected_count', 'expected', 'instances'];

/**
 * Reads a CSV (comma, semicolon or tab; quotes as in RFC 4180). The first line may name the columns: `accession_number`
 * or `study_instance_uid`, and `expected_count`, the number of instances; else the first column counts. Lines that say
 * the same are one.
 * @throws ListError when a line has no value, a UID is none, or a count is no whole number
 */
export function readList(text: string, by: keyof typeof NAMES): ListedStudy[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const [first = ''] = lines;
  const separator = [',', ';', '\t'].find((character) => first.includes(character)) ?? ',';
  const names = splitLine(first, separator).map((name) => name.toLowerCase().replaceAll(' ', '_'));
  const named = names.findIndex((name) => (NAMES[by] as readonly string[]).includes(name));
  const column = Math.max(0, named);
  const countColumn = names.findIndex((name) => COUNT_NAMES.includes(name));
  const studies = new Map<string, ListedStudy>();
  const bad: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || (index === 0 && named >= 0)) continue;
    const cells = splitLine(line, separator);
    const value = cells[column] ?? '';
    const count = countColumn < 0 ? '' : (cells[countColumn] ?? '');
    const isBad =
      value === '' ||
      value.length > 64 ||
      /[\\*?\p{Cc}]/u.test(value) ||
      (by === 'study_list' && !isValidUid(value));
    if (isBad || !/^\d{0,9}$/.test(count)) bad.push(index + 1);
    else studies.set(value, { value, expectedCount: count === '' ? null : Number(count) });
  }
  if (bad.length > 0) {
    const shown = bad.slice(0, 10).join(', ');
    const what = by === 'study_list' ? 'Study Instance UID' : 'accession number';
    throw new ListError(`The list has no usable ${what} or count in line ${shown}.`, bad);
  }
  return [...studies.values()];
}

function splitLine(line: string, separator: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index]!;
    if (quoted && character === '"' && line[index + 1] === '"') {
      cell += '"';
      index += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}
