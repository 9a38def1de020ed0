/**
 * The profile `ct-research`: what of a CT image may leave, and in what form. What no row names is removed. Rows are
 * grouped by the modules of PS3.3; paths that begin with `FunctionalGroups` count for the shared and for the per-frame
 * functional groups alike.
 */
import type {
  Otherwise,
  ProfileAction,
  ProfileRow,
  ProfileTable,
  ValueCount,
  ValueGrammar,
} from './profile-table.ts';
import type { TermsName } from './terms.ts';
import type { VendorsName } from './vendors.ts';

const ONE: ValueCount = [1, 1];
const number = (min: number, max: number, count: ValueCount = ONE): ValueGrammar => ({
  kind: 'number',
  min,
  max,
  count,
});
const integer = (min: number, max: number, count: ValueCount = ONE): ValueGrammar => ({
  kind: 'integer',
  min,
  max,
  count,
});
const terms = (name: TermsName, count: ValueCount = ONE): ValueGrammar => ({
  kind: 'terms',
  terms: name,
  count,
});
const vendor = (name: VendorsName, count: ValueCount = ONE): ValueGrammar => ({
  kind: 'vendor',
  vendor: name,
  count,
});

const row = (
  path: string,
  action: ProfileAction,
  grammar: ValueGrammar | null,
  reason: string,
  otherwise: Otherwise = 'remove',
  required = false,
): ProfileRow => ({ path, action, grammar, otherwise, required, reason });

const keep = (path: string, grammar: ValueGrammar, reason: string): ProfileRow =>
  row(path, 'keep', grammar, reason);
/** Kept; Type 1, so that a value that does not fit stops the instance. */
const must = (path: string, grammar: ValueGrammar, reason: string): ProfileRow =>
  row(path, 'keep', grammar, reason, 'refuse');
/** Kept; without it the item means nothing. */
const whole = (path: string, grammar: ValueGrammar, reason: string): ProfileRow =>
  row(path, 'keep', grammar, reason, 'drop-item');
/** Kept; Type 2, so that there is at least an empty one. */
const type2 = (path: string, grammar: ValueGrammar, reason: string): ProfileRow =>
  row(path, 'keep', grammar, reason, 'empty', true);
const empty = (path: string): ProfileRow =>
  row(path, 'empty', null, 'Type 2: present, without a value', 'empty', true);
const uid = (path: string, reason: string): ProfileRow => row(path, 'pseudonym', null, reason);
const items = (path: string, reason: string): ProfileRow => row(path, 'items', null, reason);
const concepts = (path: string, reason: string): ProfileRow => row(path, 'concepts', null, reason);
const shift = (path: string, kind: 'date' | 'time' | 'datetime', required = false): ProfileRow =>
  row(path, 'shift', { kind }, 'Time of the event, for intervals', required ? 'empty' : 'remove', required);

const GEOMETRY = 'Geometry of the pixel grid';
const INTENSITY = 'Meaning of the pixel values';
const PIXELS = 'Needed to read the pixels';
const ACQUISITION = 'How the image was acquired';
const RECONSTRUCTION = 'How the image was reconstructed';
const DOSE = 'Radiation of the acquisition';
const CONTRAST = 'Contrast agent, in numbers and codes';
const EQUIPMENT = 'Make of the scanner, through a vocabulary';
const DISPLAY = 'How the image is meant to be shown';
const PRESENTATION = 'Kind of image; palettes are not kept, so that colour reads MONOCHROME';
const ORDER = 'Order of images within the study';
const REFERENCE = 'Which images belong together';
const LENGTH_MM = number(-5000, 5000);

const PATIENT = [
  row('PatientName', 'pseudonym', null, 'The pseudonym, so that software shows one', 'empty', true),
  row('PatientID', 'pseudonym', null, 'The pseudonym', 'empty', true),
  empty('PatientBirthDate'),
  type2('PatientSex', terms('patientSex'), 'Patient characteristic with medical meaning'),
  keep('PatientAge', { kind: 'age' }, 'Patient characteristic with medical meaning; over 89 reads 090Y'),
  keep('PatientSize', number(0.1, 2.5), 'Patient characteristic with medical meaning, metres'),
  keep('PatientWeight', number(0.1, 400), 'Patient characteristic with medical meaning, kilograms'),
];

const STUDY_AND_SERIES = [
  shift('StudyDate', 'date', true),
  shift('StudyTime', 'time', true),
  empty('AccessionNumber'),
  empty('ReferringPhysicianName'),
  empty('StudyID'),
  uid('StudyInstanceUID', REFERENCE),
  uid('SeriesInstanceUID', REFERENCE),
  must('Modality', terms('modality'), 'What made the image'),
  shift('SeriesDate', 'date'),
  shift('SeriesTime', 'time'),
  type2('SeriesNumber', integer(-99_999, 99_999), ORDER),
  keep('BodyPartExamined', terms('bodyPart'), 'Body part, in defined terms'),
  keep('Laterality', terms('laterality'), 'Side of a paired body part'),
  keep('PatientPosition', terms('patientPosition'), 'How the patient lay'),
  keep('AnatomicalOrientationType', terms('anatomicalOrientation'), 'How the patient lay'),
  uid('FrameOfReferenceUID', REFERENCE),
  type2(
    'PositionReferenceIndicator',
    terms('positionReference'),
    'Origin of table positions, in known words',
  ),
  uid('SynchronizationFrameOfReferenceUID', REFERENCE),
];

const GENERAL_EQUIPMENT = [
  row('Manufacturer', 'map', vendor('manufacturer'), EQUIPMENT, 'empty', true),
  row('ManufacturerModelName', 'map', vendor('manufacturerModelName'), EQUIPMENT),
  keep('SoftwareVersions', vendor('softwareVersions', [1, 8]), 'Release numbers alone'),
  keep('SpatialResolution', number(0, 100), ACQUISITION),
  keep('PixelPaddingValue', integer(-65_536, 65_535), INTENSITY),
  keep('PixelPaddingRangeLimit', integer(-65_536, 65_535), INTENSITY),
];

const IMAGE = [
  row('ImageType', 'map', { kind: 'image-type' }, 'Original or derived, axial or localizer', 'refuse'),
  shift('AcquisitionDate', 'date'),
  shift('AcquisitionTime', 'time'),
  shift('AcquisitionDateTime', 'datetime'),
  shift('ContentDate', 'date'),
  shift('ContentTime', 'time'),
  uid('IrradiationEventUID', REFERENCE),
  type2('AcquisitionNumber', integer(-99_999, 99_999), ORDER),
  keep('ImagesInAcquisition', integer(0, 100_000), ORDER),
  keep('AcquisitionDuration', number(0, 100_000), ACQUISITION),
  type2('InstanceNumber', integer(-99_999, 99_999), ORDER),
  keep('PatientOrientation', { kind: 'patient-orientation' }, GEOMETRY),
  keep('ImageLaterality', terms('frameLaterality'), 'Side of a paired body part'),
  keep('QualityControlImage', terms('yesNo'), 'Quality control'),
  keep('BurnedInAnnotation', terms('yesNo'), "The scanner's word on text in the pixels"),
  keep('RecognizableVisualFeatures', terms('yesNo'), 'Whether a face may be recognized'),
  keep('LossyImageCompression', terms('lossyImageCompression'), PIXELS),
  keep('LossyImageCompressionRatio', number(1, 1000, [1, 8]), PIXELS),
  keep('LossyImageCompressionMethod', terms('lossyImageCompressionMethod', [1, 8]), PIXELS),
  keep('PresentationLUTShape', terms('presentationLutShape'), DISPLAY),
  keep('ContentQualification', terms('contentQualification'), 'Product, research or service image'),
  keep('SyntheticData', terms('yesNo'), 'Whether the image was acquired at all'),
  keep('TemporalPositionIdentifier', integer(0, 100_000), ORDER),
  keep('NumberOfTemporalPositions', integer(0, 100_000), ORDER),
  keep('TemporalPositionIndex', integer(0, 100_000), ORDER),
  // Days between an event and the study, not a date: kept whatever becomes of dates.
  keep('LongitudinalTemporalOffsetFromEvent', number(-36_525, 36_525), 'Time since an event, in days'),
  keep('LongitudinalTemporalEventType', terms('longitudinalEvent'), 'Time since an event, in days'),
  keep('TriggerTime', number(0, 1_000_000), 'Cardiac phase'),
  keep('NominalPercentageOfCardiacPhase', number(0, 200), 'Cardiac phase'),
];

const IMAGE_PLANE = [
  type2('SliceThickness', number(0, 1000), GEOMETRY),
  // Negative in a few files, which is not permitted outside nuclear medicine (PS3.3 C.8.4.15): the IOD judge objects.
  keep('SpacingBetweenSlices', number(0, 1000), GEOMETRY),
  keep('ImagePositionPatient', number(-5000, 5000, [3, 3]), GEOMETRY),
  keep('ImageOrientationPatient', number(-1.01, 1.01, [6, 6]), GEOMETRY),
  keep('SliceLocation', LENGTH_MM, GEOMETRY),
  keep('PixelSpacing', number(0, 1000, [2, 2]), GEOMETRY),
];

const IMAGE_PIXEL = [
  must('SamplesPerPixel', integer(1, 4), PIXELS),
  must('PhotometricInterpretation', terms('photometricInterpretation'), PIXELS),
  keep('PlanarConfiguration', integer(0, 1), PIXELS),
  keep('NumberOfFrames', integer(1, 100_000), PIXELS),
  must('Rows', integer(1, 65_535), PIXELS),
  must('Columns', integer(1, 65_535), PIXELS),
  keep('PixelAspectRatio', integer(1, 10_000, [2, 2]), PIXELS),
  must('BitsAllocated', integer(1, 64), PIXELS),
  must('BitsStored', integer(1, 64), PIXELS),
  must('HighBit', integer(0, 63), PIXELS),
  must('PixelRepresentation', integer(0, 1), PIXELS),
  keep('SmallestImagePixelValue', integer(-65_536, 65_535), INTENSITY),
  keep('LargestImagePixelValue', integer(-65_536, 65_535), INTENSITY),
  keep('SmallestPixelValueInSeries', integer(-65_536, 65_535), INTENSITY),
  keep('LargestPixelValueInSeries', integer(-65_536, 65_535), INTENSITY),
  row('ExtendedOffsetTable', 'pixels', null, PIXELS),
  row('ExtendedOffsetTableLengths', 'pixels', null, PIXELS),
  row('PixelData', 'pixels', null, 'The image'),
  keep('RescaleIntercept', number(-100_000, 100_000), INTENSITY),
  keep('RescaleSlope', number(-100_000, 100_000), INTENSITY),
  row('RescaleType', 'map', terms('rescaleType'), INTENSITY),
  keep('WindowCenter', number(-100_000, 100_000, [1, 16]), DISPLAY),
  keep('WindowWidth', number(0, 1_000_000, [1, 16]), DISPLAY),
  keep('WindowCenterWidthExplanation', terms('windowExplanation', [1, 16]), DISPLAY),
  keep('VOILUTFunction', terms('voiLutFunction'), DISPLAY),
];

const CT_IMAGE = [
  keep('ScanOptions', terms('scanOptions', [1, 8]), ACQUISITION),
  type2('KVP', number(0, 1000), ACQUISITION),
  keep('DataCollectionDiameter', number(0, 5000), ACQUISITION),
  keep('ReconstructionDiameter', number(0, 5000), RECONSTRUCTION),
  keep('DistanceSourceToDetector', number(0, 10_000), ACQUISITION),
  keep('DistanceSourceToPatient', number(0, 10_000), ACQUISITION),
  keep('GantryDetectorTilt', number(-90, 90), GEOMETRY),
  keep('TableHeight', LENGTH_MM, ACQUISITION),
  keep('RotationDirection', terms('rotationDirection'), ACQUISITION),
  keep('ExposureTime', integer(0, 1_000_000), DOSE),
  keep('XRayTubeCurrent', integer(0, 10_000), DOSE),
  keep('XRayTubeCurrentInmA', number(0, 10_000), DOSE),
  keep('XRayTubeCurrentInuA', number(0, 5_000_000), DOSE),
  keep('Exposure', integer(0, 1_000_000), DOSE),
  keep('ExposureInuAs', integer(0, 9_999_999), DOSE),
  keep('ExposureTimeInms', number(0, 1_000_000), DOSE),
  keep('ExposureTimeInuS', number(0, 9_999_999), DOSE),
  keep('FilterType', terms('filterType'), ACQUISITION),
  keep('FilterMaterial', terms('filterMaterial', [1, 4]), ACQUISITION),
  keep('GeneratorPower', integer(0, 200_000), ACQUISITION),
  keep('FocalSpots', number(0, 10, [1, 4]), ACQUISITION),
  row('ConvolutionKernel', 'map', vendor('convolutionKernel', [1, 4]), RECONSTRUCTION),
  keep('AcquisitionType', terms('acquisitionType'), ACQUISITION),
  keep('RevolutionTime', number(0, 1000), ACQUISITION),
  keep('SingleCollimationWidth', number(0, 500), ACQUISITION),
  keep('TotalCollimationWidth', number(0, 1000), ACQUISITION),
  keep('TableSpeed', number(-10_000, 10_000), ACQUISITION),
  keep('TableFeedPerRotation', number(-10_000, 10_000), ACQUISITION),
  keep('TablePosition', number(-10_000, 10_000), ACQUISITION),
  keep('TubeAngle', number(-360, 360), ACQUISITION),
  keep('AngularPosition', number(-360, 360), ACQUISITION),
  keep('ScanArc', number(0, 7200), ACQUISITION),
  keep('SpiralPitchFactor', number(0, 100), ACQUISITION),
  keep('DataCollectionCenterPatient', number(-5000, 5000, [3, 3]), ACQUISITION),
  keep('ReconstructionTargetCenterPatient', number(-5000, 5000, [3, 3]), RECONSTRUCTION),
  keep('ReconstructionAlgorithm', terms('reconstructionAlgorithm'), RECONSTRUCTION),
  keep('ReconstructionFieldOfView', number(0, 5000, [2, 2]), RECONSTRUCTION),
  keep('FluoroscopyFlag', terms('yesNo'), ACQUISITION),
  keep('ExposureModulationType', terms('exposureModulation', [1, 4]), DOSE),
  keep('EstimatedDoseSaving', number(-100, 100), DOSE),
  keep('CTDIvol', number(0, 10_000), DOSE),
  concepts('CTDIPhantomTypeCodeSequence', DOSE),
  keep('WaterEquivalentDiameter', number(0, 5000), DOSE),
  concepts('WaterEquivalentDiameterCalculationMethodCodeSequence', DOSE),
  keep('CalciumScoringMassFactorPatient', number(0, 100), ACQUISITION),
  keep('CalciumScoringMassFactorDevice', number(0, 100, [3, 3]), ACQUISITION),
  keep('MultienergyCTAcquisition', terms('yesNo'), ACQUISITION),
  keep('IsocenterPosition', number(-5000, 5000, [3, 3]), GEOMETRY),
  keep('ContrastBolusRoute', terms('contrastRoute'), CONTRAST),
  keep('ContrastBolusVolume', number(0, 5000), CONTRAST),
  keep('ContrastBolusTotalDose', number(0, 5000), CONTRAST),
  keep('ContrastFlowRate', number(0, 100, [1, 8]), CONTRAST),
  keep('ContrastFlowDuration', number(0, 10_000, [1, 8]), CONTRAST),
  keep('ContrastBolusIngredient', terms('contrastIngredient'), CONTRAST),
  keep('ContrastBolusIngredientConcentration', number(0, 1000), CONTRAST),
  concepts('AnatomicRegionSequence', 'Body part, in coded concepts'),
];

const referenceRows = (path: string): ProfileRow[] => [
  items(path, REFERENCE),
  whole(`${path}>ReferencedSOPClassUID`, { kind: 'standard-uid' }, REFERENCE),
  uid(`${path}>ReferencedSOPInstanceUID`, REFERENCE),
  keep(`${path}>ReferencedFrameNumber`, integer(1, 100_000, [1, 1000]), REFERENCE),
  concepts(`${path}>PurposeOfReferenceCodeSequence`, REFERENCE),
];

const SOP_COMMON = [
  keep('SpecificCharacterSet', terms('specificCharacterSet', [1, 8]), 'How text is to be read'),
  must('SOPClassUID', { kind: 'standard-uid' }, 'What kind of object it is'),
  uid('SOPInstanceUID', REFERENCE),
  concepts('DerivationCodeSequence', 'How the image was derived'),
  ...referenceRows('SourceImageSequence'),
  ...referenceRows('ReferencedImageSequence'),
];

/** Of Enhanced CT and Legacy Converted Enhanced CT. PS3.3 A.38 and A.70 */
const MULTI_FRAME = [
  keep('PixelPresentation', { kind: 'pixel-presentation' }, PRESENTATION),
  keep('VolumetricProperties', terms('volumetricProperties'), 'Kind of image'),
  keep('VolumeBasedCalculationTechnique', terms('volumeBasedCalculation'), 'Kind of image'),
  uid('ConcatenationUID', REFERENCE),
  uid('SOPInstanceUIDOfConcatenationSource', REFERENCE),
  keep('InConcatenationNumber', integer(1, 100_000), ORDER),
  keep('InConcatenationTotalNumber', integer(1, 100_000), ORDER),
  keep('ConcatenationFrameOffsetNumber', integer(0, 1_000_000), ORDER),
  keep('DimensionOrganizationType', terms('dimensionOrganization'), ORDER),
  items('DimensionOrganizationSequence', ORDER),
  uid('DimensionOrganizationSequence>DimensionOrganizationUID', ORDER),
  items('DimensionIndexSequence', ORDER),
  uid('DimensionIndexSequence>DimensionOrganizationUID', ORDER),
  whole('DimensionIndexSequence>DimensionIndexPointer', { kind: 'tags', count: ONE }, ORDER),
  keep('DimensionIndexSequence>FunctionalGroupPointer', { kind: 'tags', count: ONE }, ORDER),
  concepts('ContrastBolusAgentSequence', CONTRAST),
  keep('ContrastBolusAgentSequence>ContrastBolusAgentNumber', integer(0, 100), CONTRAST),
  keep('ContrastBolusAgentSequence>ContrastBolusVolume', number(0, 5000), CONTRAST),
  keep('ContrastBolusAgentSequence>ContrastBolusIngredientConcentration', number(0, 1000), CONTRAST),
  concepts('ContrastBolusAgentSequence>ContrastBolusAdministrationRouteSequence', CONTRAST),
  concepts('ContrastBolusAgentSequence>ContrastBolusIngredientCodeSequence', CONTRAST),
];

const group = (name: string, rows: ProfileRow[]): ProfileRow[] => [
  items(`FunctionalGroups>${name}`, 'Functional group of a frame'),
  ...rows.map((entry) => ({ ...entry, path: `FunctionalGroups>${name}>${entry.path}` })),
];

const FUNCTIONAL_GROUPS = [
  items('FunctionalGroups', 'Description of the frames'),
  ...group('FrameContentSequence', [
    keep('FrameAcquisitionNumber', integer(0, 65_535), ORDER),
    shift('FrameReferenceDateTime', 'datetime'),
    shift('FrameAcquisitionDateTime', 'datetime'),
    keep('FrameAcquisitionDuration', number(0, 1_000_000), ACQUISITION),
    keep('TemporalPositionIndex', integer(0, 100_000), ORDER),
    keep('StackID', { kind: 'digits' }, ORDER),
    keep('InStackPositionNumber', integer(0, 100_000), ORDER),
    keep('DimensionIndexValues', integer(0, 1_000_000, [1, 32]), ORDER),
  ]),
  ...group('PlanePositionSequence', [keep('ImagePositionPatient', number(-5000, 5000, [3, 3]), GEOMETRY)]),
  ...group('PlaneOrientationSequence', [
    keep('ImageOrientationPatient', number(-1.01, 1.01, [6, 6]), GEOMETRY),
  ]),
  ...group('PixelMeasuresSequence', [
    keep('PixelSpacing', number(0, 1000, [2, 2]), GEOMETRY),
    keep('SliceThickness', number(0, 1000), GEOMETRY),
    keep('SpacingBetweenSlices', number(0, 1000), GEOMETRY),
  ]),
  ...group('PixelValueTransformationSequence', [
    keep('RescaleIntercept', number(-100_000, 100_000), INTENSITY),
    keep('RescaleSlope', number(-100_000, 100_000), INTENSITY),
    row('RescaleType', 'map', terms('rescaleType'), INTENSITY),
  ]),
  ...group('FrameVOILUTSequence', [
    keep('WindowCenter', number(-100_000, 100_000, [1, 16]), DISPLAY),
    keep('WindowWidth', number(0, 1_000_000, [1, 16]), DISPLAY),
    keep('WindowCenterWidthExplanation', terms('windowExplanation', [1, 16]), DISPLAY),
    keep('VOILUTFunction', terms('voiLutFunction'), DISPLAY),
  ]),
  ...group('FrameAnatomySequence', [
    keep('FrameLaterality', terms('frameLaterality'), 'Side of a paired body part'),
    concepts('AnatomicRegionSequence', 'Body part, in coded concepts'),
  ]),
  ...group('CTImageFrameTypeSequence', [
    row('FrameType', 'map', { kind: 'image-type' }, 'Original or derived', 'refuse'),
    keep('PixelPresentation', { kind: 'pixel-presentation' }, PRESENTATION),
    keep('VolumetricProperties', terms('volumetricProperties'), 'Kind of image'),
    keep('VolumeBasedCalculationTechnique', terms('volumeBasedCalculation'), 'Kind of image'),
  ]),
  ...group('CTAcquisitionTypeSequence', [
    keep('AcquisitionType', terms('acquisitionType'), ACQUISITION),
    keep('TubeAngle', number(-360, 360), ACQUISITION),
    keep('ConstantVolumeFlag', terms('yesNo'), ACQUISITION),
    keep('FluoroscopyFlag', terms('yesNo'), ACQUISITION),
  ]),
  ...group('CTAcquisitionDetailsSequence', [
    keep('RotationDirection', terms('rotationDirection'), ACQUISITION),
    keep('RevolutionTime', number(0, 1000), ACQUISITION),
    keep('SingleCollimationWidth', number(0, 500), ACQUISITION),
    keep('TotalCollimationWidth', number(0, 1000), ACQUISITION),
    keep('TableHeight', LENGTH_MM, ACQUISITION),
    keep('GantryDetectorTilt', number(-90, 90), GEOMETRY),
    keep('DataCollectionDiameter', number(0, 5000), ACQUISITION),
  ]),
  ...group('CTTableDynamicsSequence', [
    keep('TableSpeed', number(-10_000, 10_000), ACQUISITION),
    keep('TableFeedPerRotation', number(-10_000, 10_000), ACQUISITION),
    keep('SpiralPitchFactor', number(0, 100), ACQUISITION),
  ]),
  ...group('CTPositionSequence', [
    keep('TablePosition', number(-10_000, 10_000), ACQUISITION),
    keep('DataCollectionCenterPatient', number(-5000, 5000, [3, 3]), ACQUISITION),
    keep('ReconstructionTargetCenterPatient', number(-5000, 5000, [3, 3]), RECONSTRUCTION),
  ]),
  ...group('CTGeometrySequence', [
    keep('DistanceSourceToDetector', number(0, 10_000), ACQUISITION),
    keep('DistanceSourceToDataCollectionCenter', number(0, 10_000), ACQUISITION),
  ]),
  ...group('CTReconstructionSequence', [
    keep('ReconstructionAlgorithm', terms('reconstructionAlgorithm'), RECONSTRUCTION),
    row('ConvolutionKernel', 'map', vendor('convolutionKernel', [1, 4]), RECONSTRUCTION),
    keep('ReconstructionDiameter', number(0, 5000), RECONSTRUCTION),
    keep('ReconstructionFieldOfView', number(0, 5000, [2, 2]), RECONSTRUCTION),
    keep('ReconstructionPixelSpacing', number(0, 1000, [2, 2]), RECONSTRUCTION),
    keep('ReconstructionAngle', number(0, 3600), RECONSTRUCTION),
  ]),
  ...group('CTExposureSequence', [
    keep('ExposureTimeInms', number(0, 1_000_000), DOSE),
    keep('XRayTubeCurrentInmA', number(0, 10_000), DOSE),
    keep('ExposureInmAs', number(0, 1_000_000), DOSE),
    keep('ExposureModulationType', terms('exposureModulation', [1, 4]), DOSE),
    keep('EstimatedDoseSaving', number(-100, 100), DOSE),
    keep('CTDIvol', number(0, 10_000), DOSE),
    concepts('CTDIPhantomTypeCodeSequence', DOSE),
    keep('WaterEquivalentDiameter', number(0, 5000), DOSE),
    concepts('WaterEquivalentDiameterCalculationMethodCodeSequence', DOSE),
  ]),
  ...group('CTXRayDetailsSequence', [
    keep('KVP', number(0, 1000), ACQUISITION),
    keep('FocalSpots', number(0, 10, [1, 4]), ACQUISITION),
    keep('FilterType', terms('filterType'), ACQUISITION),
    keep('FilterMaterial', terms('filterMaterial', [1, 4]), ACQUISITION),
    keep('CalciumScoringMassFactorPatient', number(0, 100), ACQUISITION),
    keep('CalciumScoringMassFactorDevice', number(0, 100, [3, 3]), ACQUISITION),
    keep('EnergyWeightingFactor', number(0, 1), ACQUISITION),
  ]),
  ...group('ContrastBolusUsageSequence', [
    keep('ContrastBolusAgentNumber', integer(0, 100), CONTRAST),
    keep('ContrastBolusAgentAdministered', terms('administered'), CONTRAST),
    keep('ContrastBolusAgentDetected', terms('administered'), CONTRAST),
    keep('ContrastBolusAgentPhase', terms('contrastPhase'), CONTRAST),
  ]),
  ...group('CardiacSynchronizationSequence', [
    keep('NominalCardiacTriggerDelayTime', number(0, 1_000_000), 'Cardiac phase'),
    keep('NominalPercentageOfCardiacPhase', number(0, 200), 'Cardiac phase'),
    keep('ActualCardiacTriggerDelayTime', number(-1_000_000, 1_000_000), 'Cardiac phase'),
  ]),
  ...group('TemporalPositionSequence', [keep('TemporalPositionTimeOffset', number(-1e6, 1e6), ORDER)]),
  ...group('IrradiationEventIdentificationSequence', [uid('IrradiationEventUID', REFERENCE)]),
  ...group('DerivationImageSequence', [
    concepts('DerivationCodeSequence', 'How the image was derived'),
    ...referenceRows('SourceImageSequence'),
  ]),
  ...group('ReferencedImageSequence', [
    whole('ReferencedSOPClassUID', { kind: 'standard-uid' }, REFERENCE),
    uid('ReferencedSOPInstanceUID', REFERENCE),
    keep('ReferencedFrameNumber', integer(1, 100_000, [1, 1000]), REFERENCE),
    concepts('PurposeOfReferenceCodeSequence', REFERENCE),
  ]),
];

export const CT_RESEARCH: ProfileTable = {
  name: 'ct-research',
  version: 2,
  rows: [
    ...PATIENT,
    ...STUDY_AND_SERIES,
    ...GENERAL_EQUIPMENT,
    ...IMAGE,
    ...IMAGE_PLANE,
    ...IMAGE_PIXEL,
    ...CT_IMAGE,
    ...SOP_COMMON,
    ...MULTI_FRAME,
    ...FUNCTIONAL_GROUPS,
  ],
};
