import { listDeidentification } from './deidentification.ts';
import { listExclusions } from './exclusions.ts';
import type { ReportSection, ReportSettings } from './figure.ts';
import { listFlow } from './flow.ts';
import { listGeometry } from './geometry.ts';
import { listHeader } from './header.ts';
import { listLabels } from './labels.ts';
import { listPictures } from './pictures.ts';
import { listScores } from './scores.ts';

/** All sections of the report that rest on queries, in the order in which they are shown. */
export function listSections(settings: ReportSettings): ReportSection[] {
  return [
    listFlow(),
    listLabels(),
    listPictures(settings),
    listScores(settings),
    listHeader(),
    listExclusions(),
    listGeometry(),
    listDeidentification(),
  ];
}
