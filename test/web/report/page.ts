/** Reads figures back out of a report's HTML, as a person would: what is shown, and the query beside it. */

/** A figure as it stands in the page. */
export interface ShownFigure {
  id: string;
  sql: string;
  /** Text shown for a value of the answer; null for a bar, which shows it by its length. */
  cells: { row: number; column: string; text: string | null; length: number | null }[];
}

/** All figures of a page, in their order. */
export function readFigures(html: string): ShownFigure[] {
  return html
    .split(/<div class="figure" /)
    .slice(1)
    .map((part) => {
      const id = /data-figure="([^"]+)"/.exec(part)![1]!;
      const sql = unescapeHtml(/<code class="sql">([\s\S]*?)<\/code>/.exec(part)![1]!);
      const cells = [...part.matchAll(/<([a-z]+)([^<>]*) data-cell="(\d+) ([a-z_]+)">([\s\S]*?)<\/\1>/g)].map(
        ([, element, attributes, row, column, inner]) => ({
          row: Number(row),
          column: column!,
          text:
            element === 'rect'
              ? null
              : unescapeHtml(inner!.replace(/<small>.*?<\/small>/gs, '').replace(/<[^>]+>/g, '')),
          length:
            element === 'rect'
              ? Number(
                  / (?:height|width)="([\d.]+)"/.exec(
                    id.startsWith('scores') ? attributes!.replace(/ width="[^"]+"/, '') : attributes!,
                  )![1],
                )
              : null,
        }),
      );
      return { id, sql, cells };
    });
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
