import type { Store } from '../../activities/store/store.ts';

/** Where the report lies in an output. */
export const REPORT_PATH = 'report/index.html';

/** Whether there is a report that is not older than run.json. */
export async function isReportCurrent(output: Store): Promise<boolean> {
  const [report, run] = await Promise.all([output.stat(REPORT_PATH), output.stat('run.json')]);
  return report !== null && run !== null && report.modifiedMs >= run.modifiedMs;
}
