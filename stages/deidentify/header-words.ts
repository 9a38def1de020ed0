/** The words of a source's header, for the evidence of what it claims. They live no longer than this stage. */
import type { DicomFile } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { getItems, getString, getStrings, getText } from '../../dicom/values.ts';
import type { HeaderWords } from '../evidence/header-evidence.ts';

const CONTRAST_BOLUS_ROUTE = tag('ContrastBolusRoute');
const IMAGE_COMMENTS = tag('ImageComments');
const DERIVATION_DESCRIPTION = tag('DerivationDescription');
const CONTRAST_BOLUS_AGENT_SEQUENCE = tag('ContrastBolusAgentSequence');
const CONTRAST_BOLUS_ROUTE_SEQUENCE = tag('ContrastBolusAdministrationRouteSequence');
const FRAME_ANATOMY = tag('FrameAnatomySequence');
const ANATOMIC_REGION = tag('AnatomicRegionSequence');
const CT_RECONSTRUCTION = tag('CTReconstructionSequence');
const CODE_MEANING = 0x00080104;
const CT_ACQUISITION_TYPE = tag('CTAcquisitionTypeSequence');
const CT_IMAGE_FRAME_TYPE = tag('CTImageFrameTypeSequence');
const ACQUISITION_TYPE = tag('AcquisitionType');
const FLUOROSCOPY_FLAG = tag('FluoroscopyFlag');
const QUALITY_CONTROL_IMAGE = tag('QualityControlImage');
const CALCULATION_TECHNIQUE = tag('VolumeBasedCalculationTechnique');

/** Decoded text; in multi-frame images the words of the functional groups stand in for those of the data set. */
export function readHeaderWords(file: DicomFile, sopClassUid: string | null): HeaderWords {
  const { dataset } = file;
  const text = (key: number): string | null => getText(file, dataset, key) ?? null;
  const shared = getItems(dataset, TAGS.SharedFunctionalGroupsSequence)[0]?.dataset;
  const meaningIn = (holder: typeof shared, sequence: number): string | null => {
    const item = holder === undefined ? undefined : getItems(holder, sequence)[0]?.dataset;
    return item === undefined ? null : (getText(file, item, CODE_MEANING) ?? null);
  };
  const first = (holder: typeof shared, sequence: number) =>
    holder === undefined ? undefined : getItems(holder, sequence)[0]?.dataset;
  const perFrame = getItems(dataset, TAGS.PerFrameFunctionalGroupsSequence)[0]?.dataset;
  /** A code of the data set, or of the functional group that took its place. */
  const codeIn = (sequence: number, key: number): string | null => {
    const holders = [dataset, first(perFrame, sequence), first(shared, sequence)];
    for (const holder of holders) {
      const code = holder === undefined ? undefined : getString(file, holder, key);
      if (code !== undefined) return code.trim().toUpperCase();
    }
    return null;
  };
  const agent = first(dataset, CONTRAST_BOLUS_AGENT_SEQUENCE);
  const reconstruction = first(shared, CT_RECONSTRUCTION);
  return {
    bodyPartExamined:
      text(TAGS.BodyPartExamined) ??
      meaningIn(dataset, ANATOMIC_REGION) ??
      meaningIn(first(shared, FRAME_ANATOMY), ANATOMIC_REGION),
    studyDescription: text(TAGS.StudyDescription),
    seriesDescription: text(TAGS.SeriesDescription),
    protocolName: text(TAGS.ProtocolName),
    contrastBolusAgent: text(TAGS.ContrastBolusAgent) ?? meaningIn(dataset, CONTRAST_BOLUS_AGENT_SEQUENCE),
    contrastBolusRoute: text(CONTRAST_BOLUS_ROUTE) ?? meaningIn(agent, CONTRAST_BOLUS_ROUTE_SEQUENCE),
    convolutionKernel:
      text(TAGS.ConvolutionKernel) ??
      (reconstruction === undefined ? null : (getText(file, reconstruction, TAGS.ConvolutionKernel) ?? null)),
    imageComments: text(IMAGE_COMMENTS),
    derivationDescription: text(DERIVATION_DESCRIPTION),
    manufacturer: text(TAGS.Manufacturer),
    sopClassUid,
    imageType: getStrings(file, dataset, TAGS.ImageType),
    acquisitionType: codeIn(CT_ACQUISITION_TYPE, ACQUISITION_TYPE),
    fluoroscopyFlag: codeIn(CT_ACQUISITION_TYPE, FLUOROSCOPY_FLAG),
    qualityControlImage: codeIn(CT_IMAGE_FRAME_TYPE, QUALITY_CONTROL_IMAGE),
    calculationTechnique: codeIn(CT_IMAGE_FRAME_TYPE, CALCULATION_TECHNIQUE),
    patientName: text(TAGS.PatientName),
  };
}
