// An OHIF (v3) extension that hangs series by what `serieswise write-back` said of them, not by what headers say. See
// README.md beside this file for how to use it, and for what was tried of it.

/** Concept names in a report's measurement groups, and the attribute of a hanging protocol that each becomes. */
const ATTRIBUTES = {
  'DCM:123014': 'SerieswiseBodyPart',
  'DCM:130546': 'SerieswiseAxis',
  '99SERIESWISE:iv-contrast': 'SerieswiseContrast',
};
const SERIES_DESCRIPTION = 'Serieswise labels';

const asList = (sequence) => (sequence === undefined ? [] : Array.isArray(sequence) ? sequence : [sequence]);
const codeOf = (sequence) => {
  const [code] = asList(sequence);
  return `${code?.CodingSchemeDesignator}:${code?.CodeValue}`;
};

/**
 * What a report says.
 * @param instance a data set of the report, naturalized as OHIF's metadata store has it
 * @returns for each attribute the codes of its label, joined by `+` (`SCT:69536005+SCT:89545001` is head and face), and
 *   the SOP Instance UIDs of the images that it is about; null when the instance is no such report
 */
export function readReport(instance) {
  if (instance?.SeriesDescription !== SERIES_DESCRIPTION) return null;
  const labels = {};
  for (const section of asList(instance.ContentSequence)) {
    if (codeOf(section.ConceptNameCodeSequence) !== 'DCM:126010') continue;
    for (const group of asList(section.ContentSequence)) {
      for (const item of asList(group.ContentSequence)) {
        const attribute = ATTRIBUTES[codeOf(item.ConceptNameCodeSequence)];
        if (attribute === undefined) continue;
        const code = codeOf(item.ConceptCodeSequence);
        labels[attribute] = labels[attribute] === undefined ? code : `${labels[attribute]}+${code}`;
      }
    }
  }
  const images = new Set();
  for (const study of asList(instance.CurrentRequestedProcedureEvidenceSequence))
    for (const series of asList(study.ReferencedSeriesSequence))
      for (const image of asList(series.ReferencedSOPSequence)) images.add(image.ReferencedSOPInstanceUID);
  return { labels, images };
}

/** The value of an attribute for a display set of images, from the reports among the display sets of its study. */
export function labelOf(attribute, displaySet, displaySets) {
  const image = (displaySet.images ?? displaySet.instances)?.[0]?.SOPInstanceUID;
  for (const other of displaySets ?? []) {
    const report = readReport(other.instance ?? other.instances?.[0]);
    if (report?.images.has(image)) return report.labels[attribute];
  }
  return undefined;
}

const required = (attribute, value) => ({
  attribute,
  weight: 10,
  required: true,
  constraint: { equals: { value } },
});
const chest = (axis) => ({
  seriesMatchingRules: [
    required('SerieswiseBodyPart', 'SCT:816094009'),
    required('SerieswiseAxis', axis),
    { attribute: 'SerieswiseContrast', weight: 1, constraint: { equals: { value: 'SCT:373066001' } } },
  ],
});
const viewport = (id) => ({
  viewportOptions: {
    viewportId: id,
    viewportType: 'stack',
    toolGroupId: 'default',
    allowUnmatchedView: true,
  },
  displaySets: [{ id }],
});

/** A chest: axial beside coronal, with contrast where there are both. Other regions: docs/write-back.md has their codes. */
export const chestProtocol = {
  id: 'serieswise.chest',
  name: 'Chest, by Serieswise labels',
  protocolMatchingRules: [],
  toolGroupIds: ['default'],
  numberOfPriorsReferenced: 0,
  displaySetSelectors: { axial: chest('SCT:24422004'), coronal: chest('SCT:81654009') },
  stages: [
    {
      name: 'Axial and coronal',
      viewportStructure: { layoutType: 'grid', properties: { rows: 1, columns: 2 } },
      viewports: [viewport('axial'), viewport('coronal')],
    },
  ],
};

const extension = {
  id: 'serieswise-hanging-protocol',
  preRegistration({ servicesManager }) {
    const { hangingProtocolService } = servicesManager.services;
    for (const attribute of Object.values(ATTRIBUTES))
      hangingProtocolService.addCustomAttribute(attribute, attribute, (displaySet, options) =>
        labelOf(attribute, displaySet, options?.displaySets),
      );
  },
  getHangingProtocolModule: () => [{ name: chestProtocol.id, protocol: chestProtocol }],
};

// OHIF takes an extension as the default export of its package.
// biome-ignore lint/style/noDefaultExport: see above
export default extension;
