import fs from 'node:fs';
import path from 'node:path';

/** Where the report lies in an output folder. */
export const REPORT_PATH = 'report/index.html';

/** Whether there is a report that is not older than run.json. */
export function isReportCurrent(folder: string): boolean {
  const timeOf = (name: string): number | undefined =>
    fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
  const [report, run] = [timeOf(REPORT_PATH), timeOf('run.json')];
  return report !== undefined && run !== undefined && report >= run;
}
