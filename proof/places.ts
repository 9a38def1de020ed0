/** Which attributes are planted with what. Everything of PS3.15 table E.1-1 besides comes from the table itself. */
import type { IdentifierKind } from './identifiers.ts';

/** Attributes that name someone or something, each with the kind of identifier that stands there. */
export const NAMED_ATTRIBUTES: Readonly<Record<string, IdentifierKind>> = {
  OtherPatientNames: 'patient-name',
  PatientBirthName: 'patient-name',
  PatientMotherBirthName: 'patient-name',
  ResponsiblePerson: 'patient-name',
  PatientAddress: 'address',
  RegionOfResidence: 'address',
  CurrentPatientLocation: 'address',
  PatientInstitutionResidence: 'address',
  PatientTelephoneNumbers: 'phone',
  PersonTelephoneNumbers: 'phone',
  ReferringPhysicianTelephoneNumbers: 'fax',
  PatientTelecomInformation: 'email',
  PersonTelecomInformation: 'email',
  OtherPatientIDs: 'record-number',
  MedicalRecordLocator: 'record-number',
  MilitaryRank: 'licence-number',
  InsurancePlanIdentification: 'insurance-number',
  AdmissionID: 'account-number',
  ServiceEpisodeID: 'account-number',
  IssuerOfPatientID: 'institution',
  AccessionNumber: 'accession-number',
  StudyID: 'accession-number',
  RequestedProcedureID: 'accession-number',
  ScheduledProcedureStepID: 'accession-number',
  PerformedProcedureStepID: 'accession-number',
  FillerOrderNumberImagingServiceRequest: 'accession-number',
  PlacerOrderNumberImagingServiceRequest: 'accession-number',
  ReferringPhysicianName: 'physician',
  PerformingPhysicianName: 'physician',
  PhysiciansOfRecord: 'physician',
  NameOfPhysiciansReadingStudy: 'physician',
  OperatorsName: 'physician',
  RequestingPhysician: 'physician',
  ScheduledPerformingPhysicianName: 'physician',
  InstitutionName: 'institution',
  InstitutionAddress: 'institution',
  InstitutionalDepartmentName: 'institution',
  RequestingService: 'institution',
  ResponsibleOrganization: 'institution',
  StationName: 'station',
  StationAETitle: 'station',
  PerformedStationAETitle: 'station',
  PerformedLocation: 'station',
  DeviceSerialNumber: 'device-serial',
  DeviceID: 'device-serial',
  GantryID: 'device-serial',
  DetectorID: 'device-serial',
  PlateID: 'device-serial',
  RetrieveURL: 'url',
  RetrieveURI: 'url',
  StorageURL: 'url',
};

/**
 * Descriptions with identifiers behind them, and the words that are worth keeping: what was imaged, how, and what was
 * made of it; abbreviations spelt out. Of a kind that public archives have.
 */
export const DESCRIPTIONS: Readonly<
  Record<string, readonly (readonly [text: string, ...worth: string[]])[]>
> = {
  StudyDescription: [
    ['CT CHEST W/O CONTRAST', 'CHEST', 'WITHOUT CONTRAST'],
    ['CT ABD PELVIS W CONTRAST', 'ABDOMEN', 'PELVIS', 'WITH CONTRAST'],
    ['CT HEAD WITHOUT CONTRAST', 'HEAD', 'WITHOUT CONTRAST'],
    ['CT ANGIO AORTA', 'ANGIO', 'AORTA'],
    ['LOW DOSE LUNG SCREENING', 'LOW DOSE', 'LUNG', 'SCREENING'],
    ['CT NECK SOFT TISSUE', 'NECK', 'SOFT TISSUE'],
    ['CT L SPINE TRAUMA', 'L SPINE', 'TRAUMA'],
    ['CT CAP WITH ORAL CONTRAST', 'CHEST', 'ABDOMEN', 'PELVIS', 'ORAL'],
  ],
  SeriesDescription: [
    ['AXIAL BONE 2.0', 'AXIAL', 'BONE'],
    ['COR REFORMAT LUNG', 'CORONAL', 'REFORMAT', 'LUNG'],
    ['ARTERIAL PHASE LIVER', 'ARTERIAL', 'LIVER'],
    ['SAG RECON STANDARD', 'SAGITTAL', 'RECON', 'STANDARD'],
    ['VENOUS 5.0 THIN', 'VENOUS', 'THIN'],
    ['PRONE EXPIRATION HRCT', 'PRONE', 'EXPIRATION', 'HIGH RESOLUTION'],
    ['DELAYED KIDNEYS', 'DELAYED', 'KIDNEY'],
    ['HELICAL BRAIN', 'HELICAL', 'BRAIN'],
  ],
  ProtocolName: [
    ['ROUTINE CHEST', 'ROUTINE', 'CHEST'],
    ['ABDOMEN MULTIPHASE', 'ABDOMEN', 'MULTIPHASE'],
    ['HEAD STROKE PERFUSION', 'HEAD', 'STROKE', 'PERFUSION'],
    ['CARDIAC CALCIUM SCORE', 'HEART', 'CALCIUM SCORE'],
    ['PET CT WHOLE BODY', 'PET', 'WHOLE BODY'],
    ['SINUS', 'SINUS'],
  ],
};

/** Free text of which nothing is asked but that the identifiers go. */
export const FREE_TEXT: readonly string[] = [
  'ImageComments',
  'PatientComments',
  'AdditionalPatientHistory',
  'StudyComments',
  'RequestedProcedureDescription',
  'PerformedProcedureStepDescription',
  'ReasonForTheRequestedProcedure',
  'AcquisitionComments',
  'DerivationDescription',
  'AcquisitionProtocolDescription',
  'RequestedProcedureComments',
  'ImagingServiceRequestComments',
  'VisitComments',
  'MedicalAlerts',
  'Allergies',
  'Occupation',
  'TextString',
];

/** Attributes that a white-list of fields would keep, with a value that is fine but for what is behind it. */
export const SMUGGLED: readonly (readonly [keyword: string, lead: string])[] = [
  ['ManufacturerModelName', 'SOMATOM Definition AS '],
  ['ConvolutionKernel', 'B30f\\'],
  ['BodyPartExamined', 'CHEST '],
  ['Manufacturer', 'SIEMENS '],
  ['SoftwareVersions', 'syngo CT 2012B\\'],
  ['FilterType', 'WEDGE '],
  ['PositionReferenceIndicator', 'SN '],
  ['PatientWeight', ''],
  ['SliceLocation', ''],
  ['KVP', ''],
];

/** Dates that a longitudinal study needs: moved by one number of days for each patient, never dropped. */
export const SHIFTED_DATES: readonly string[] = [
  'StudyDate',
  'SeriesDate',
  'AcquisitionDate',
  'ContentDate',
  'AcquisitionDateTime',
];

/** Type 1 of the mandatory modules of CT Image: must be there and say something. PS3.3 A.3 */
export const TYPE_1: readonly string[] = [
  'SOPClassUID',
  'SOPInstanceUID',
  'StudyInstanceUID',
  'SeriesInstanceUID',
  'FrameOfReferenceUID',
  'Modality',
  'ImageType',
  'ImagePositionPatient',
  'ImageOrientationPatient',
  'PixelSpacing',
  'Rows',
  'Columns',
  'SamplesPerPixel',
  'PhotometricInterpretation',
  'BitsAllocated',
  'BitsStored',
  'HighBit',
  'PixelRepresentation',
  'RescaleIntercept',
  'RescaleSlope',
];

/** Type 2: must be there, if only empty. PS3.3 A.3 */
export const TYPE_2: readonly string[] = [
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'ReferringPhysicianName',
  'StudyID',
  'SeriesNumber',
  'InstanceNumber',
  'AcquisitionNumber',
  'Manufacturer',
  'PositionReferenceIndicator',
  'SliceThickness',
  'KVP',
];
