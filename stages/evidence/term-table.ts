/**
 * Tables of words, one line a term: `term = value`, `#` starts a comment.
 *
 * Terms are lower case without accents, as texts are made before they are compared. A space stands for any
 * separators or none (`abd pel` finds `ABD/PEL`, `abd_pel` and `AbdPel`), other signs for themselves, a `*` at the end
 * for any more letters. A term is found only where no letter comes before or after it; terms in Chinese and Japanese
 * characters are found anywhere. Where several fit at one place the longest counts, and what it covers is used up: a
 * longer phrase protects a text from the shorter words in it.
 */
export interface TermTable<Value extends string> {
  /** Values of the terms found, in the order of the text; empty when there are none. */
  find(text: string): Value[];
  /** The terms, for documentation and tests. */
  readonly terms: ReadonlyMap<string, Value>;
}

/** Characters that have no decomposition into a base letter and an accent. */
const LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  đ: 'd',
  ı: 'i',
};

/** Lower case, no accents, words of `CamelCase` apart. */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .replaceAll(/([a-zß-ÿłœ])(\p{Lu})/gu, '$1 $2')
    .replaceAll(/\b(CT)(\p{Lu}\p{Ll}{2,})/gu, '$1 $2')
    .toLowerCase()
    .replaceAll(/[łßøæœđı]/g, (letter) => LETTERS[letter] ?? letter);
}

/**
 * Reads a table.
 * @throws TypeError when a line is malformed, a value unknown or a term given twice: a mistake in the source
 */
export function readTermTable<Value extends string>(
  lines: string,
  values: readonly Value[],
): TermTable<Value> {
  const known = new Set<string>(values);
  const terms = new Map<string, Value>();
  for (const raw of lines.split('\n')) {
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '') continue;
    const match = /^(\S(?:.*\S)?)\s+=\s+(\S+)$/.exec(line);
    const [, term, value] = match ?? [];
    if (term === undefined || value === undefined || !known.has(value))
      throw new TypeError(`Not a term: ${line}`);
    if (terms.has(term)) throw new TypeError(`A term is given twice: ${term}`);
    if (foldText(term) !== term) throw new TypeError(`A term is not in lower case without accents: ${term}`);
    terms.set(term, value as Value);
  }
  // Made when a text has the sign: parsing the patterns of all tables takes a third of the start of a command.
  const matchers = new Map<string, Matcher<Value>>();
  const matcherOf = (first: string) => {
    const known = matchers.get(first);
    if (known !== undefined) return known;
    const made = makeMatcher([...terms].filter(([term]) => term.startsWith(first)));
    matchers.set(first, made);
    return made;
  };
  return {
    terms,
    find(text) {
      const found: Value[] = [];
      // One pattern for each first sign, tried at one place: a pattern of all terms takes milliseconds a text.
      for (let at = 0; at < text.length; ) {
        const { pattern, values: own } = matcherOf(text.charAt(at));
        const match = pattern === null ? null : matchAt(pattern, text, at);
        if (match !== null) {
          const value = own[match.findIndex((part, index) => index > 0 && part !== undefined) - 1];
          if (value !== undefined) found.push(value);
        }
        at += match?.[0].length || 1;
      }
      return found;
    },
  };
}

interface Matcher<Value> {
  /** Null where no term begins so. */
  pattern: RegExp | null;
  values: Value[];
}

function makeMatcher<Value>(terms: [term: string, value: Value][]): Matcher<Value> {
  if (terms.length === 0) return { pattern: null, values: [] };
  terms.sort((a, b) => b[0].length - a[0].length || (a[0] < b[0] ? -1 : 1));
  const pattern = new RegExp(terms.map(([term]) => `(${patternOf(term)})`).join('|'), 'uy');
  return { pattern, values: terms.map(([, value]) => value) };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function patternOf(term: string): string {
  const open = term.endsWith('*');
  const body = (open ? term.slice(0, -1) : term)
    .split(/ +/)
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('[^\\p{L}\\p{N}+]*');
  if (!/[a-z]/.test(term)) return body;
  // A sign of its own (`c-`, `-c`, `i+`) must stand free: C-A-P is no scan without contrast.
  const before = /^[a-z]/.test(term) ? '(?<![a-z])' : term.startsWith('-') ? '(?<![a-z0-9])' : '';
  const after = open
    ? '[a-z]*'
    : /[a-z]$/.test(term)
      ? '(?![a-z])'
      : /[+-]$/.test(term)
        ? '(?![a-z0-9])'
        : '';
  return `${before}${body}${after}`;
}
