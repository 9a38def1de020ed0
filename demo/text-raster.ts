// Columns of a 5 by 7 pixel font, bit 0 on top, two hexadecimal digits a column.
const GLYPHS: Record<string, string> = {
  ' ': '0000000000',
  '(': '001c224100',
  ')': '0041221c00',
  '-': '0808080808',
  '.': '0060600000',
  '/': '2010080402',
  '0': '3e5149453e',
  '1': '00427f4000',
  '2': '4261514946',
  '3': '2141454b31',
  '4': '1814127f10',
  '5': '2745454539',
  '6': '3c4a494930',
  '7': '0171090503',
  '8': '3649494936',
  '9': '064949291e',
  ':': '0036360000',
  '=': '1414141414',
  '?': '0201510906',
  '^': '0402010204',
  A: '7e1111117e',
  B: '7f49494936',
  C: '3e41414122',
  D: '7f4141221c',
  E: '7f49494941',
  F: '7f09090901',
  G: '3e4149497a',
  H: '7f0808087f',
  I: '00417f4100',
  J: '2040413f01',
  K: '7f08142241',
  L: '7f40404040',
  M: '7f020c027f',
  N: '7f0408107f',
  O: '3e4141413e',
  P: '7f09090906',
  Q: '3e4151215e',
  R: '7f09192946',
  S: '4649494931',
  T: '01017f0101',
  U: '3f4040403f',
  V: '1f2040201f',
  W: '3f4038403f',
  X: '6314081463',
  Y: '0708700807',
  Z: '6151494543',
};

/** Draws a line of text into pixels [row, column]; letters are capitals, `scale` enlarges the 5 by 7 font. */
export function drawText(
  pixels: Uint8Array | Int16Array | Uint16Array,
  columns: number,
  at: { row: number; column: number },
  text: string,
  scale: number,
  value: number,
): void {
  let left = at.column;
  for (const letter of text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()) {
    const glyph = GLYPHS[letter] ?? GLYPHS['?']!;
    for (let x = 0; x < 5 * scale; x++) {
      const bits = Number.parseInt(glyph.slice(2 * Math.floor(x / scale), 2 * Math.floor(x / scale) + 2), 16);
      for (let y = 0; y < 7 * scale; y++) {
        const index = (at.row + y) * columns + left + x;
        if ((bits >> Math.floor(y / scale)) & 1 && left + x < columns && index < pixels.length)
          pixels[index] = value;
      }
    }
    left += 6 * scale;
  }
}
