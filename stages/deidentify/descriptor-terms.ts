import { readTermTable } from '../evidence/term-table.ts';

/**
 * What descriptions of CT say beside region, plane and contrast, in the order in which it is written. Chosen to be useful,
 * and to say nothing of a person: no ages, no findings, no places, no numbers.
 */
export const DESCRIPTOR_TOPICS = [
  // Organs that a region is too coarse for.
  'brain',
  'orbits',
  'sinuses',
  'lung',
  'heart',
  'coronary-arteries',
  'aorta',
  'liver',
  'kidneys',
  'spleen',
  'adrenal-glands',
  'pancreas',
  'mediastinum',
  'thyroid',
  'larynx',
  'esophagus',
  'gallbladder',
  'bladder',
  'prostate',
  'colon',
  'hip',
  'knee',
  'shoulder',
  'femur',
  'wrist',
  'ankle',
  'extremity',
  'whole-body',
  // What was done.
  'angiography',
  'perfusion',
  'venography',
  'runoff',
  'urography',
  'enterography',
  'myelography',
  'colonography',
  'pulmonary-embolism',
  'stroke',
  'trauma',
  'calcium-score',
  'biopsy',
  'pet',
  'attenuation-correction',
  'low-dose',
  'high-resolution',
  'multiphase',
  'nephrographic',
  'excretory',
  'oral-contrast',
  'dynamic',
  'gated',
  'dual-energy',
  'screening',
  'routine',
  'baseline',
  'follow-up',
  // How the patient lay and breathed.
  'prone',
  'supine',
  'inspiration',
  'expiration',
  // What became of the data.
  'localizer',
  'dose-report',
  'bolus-tracking',
  'scan',
  'helical',
  'volume',
  'standard',
  'reconstruction',
  'reformat',
  'mip',
  'rendering',
  'subtraction',
  'thin-slices',
  'bone-window',
  'lung-window',
  'soft-tissue-window',
] as const;

const LINES = `
brain = brain
cerebral = brain
orbit = orbits
orbits = orbits
sinus = sinuses
sinuses = sinuses
paranasal = sinuses
lung = lung
lungs = lung
heart = heart
cardiac = heart
coronary = coronary-arteries
coronaries = coronary-arteries
aorta = aorta
aortic = aorta
liver = liver
hepatic = liver
kidney = kidneys
kidneys = kidneys
renal = kidneys
spleen = spleen
splenic = spleen
adrenal = adrenal-glands
adrenals = adrenal-glands
mediastinum = mediastinum
mediastinal = mediastinum
thyroid = thyroid
larynx = larynx
esophagus = esophagus
gallbladder = gallbladder
bladder = bladder
prostate = prostate
pancreas = pancreas
pancreatic = pancreas
colon = colon
hip = hip
hips = hip
knee = knee
shoulder = shoulder
femur = femur
wrist = wrist
ankle = ankle
extremity = extremity
extremities = extremity
whole body = whole-body

angio = angiography
angiogram = angiography
angiography = angiography
cta = angiography
perfusion = perfusion
venogram = venography
venography = venography
ctv = venography
urogram = urography
urography = urography
ivp = urography
runoff = runoff
run off = runoff
enterography = enterography
myelogram = myelography
myelography = myelography
colonography = colonography
colonoscopy = colonography
pulmonary embolism = pulmonary-embolism
pulmonary embolus = pulmonary-embolism
stroke = stroke
trauma = trauma
calcium score = calcium-score
calcium scoring = calcium-score
ca score = calcium-score
biopsy = biopsy
pet = pet
petct = pet
pet ct = pet
attenuation correction = attenuation-correction
ctac = attenuation-correction
low dose = low-dose
ldct = low-dose
high resolution = high-resolution
high res = high-resolution
hi res = high-resolution
hrct = high-resolution
multiphase = multiphase
multi phase = multiphase
biphase = multiphase
biphasic = multiphase
triphasic = multiphase
triple phase = multiphase
nephrographic = nephrographic
nephro = nephrographic
excretory = excretory
oral contrast = oral-contrast
iv and oral = oral-contrast
oral and iv = oral-contrast
dynamic = dynamic
gated = gated
gating = gated
dual energy = dual-energy
screening = screening
routine = routine
baseline = baseline
follow up = follow-up

prone = prone
supine = supine
inspiration = inspiration
inspiratory = inspiration
insp = inspiration
expiration = expiration
expiratory = expiration
exp = expiration

localizer = localizer
localiser = localizer
scout = localizer
topogram = localizer
surview = localizer
scanogram = localizer
dose report = dose-report
bolus tracking = bolus-tracking
smart prep = bolus-tracking
test bolus = bolus-tracking
premonitoring = bolus-tracking
monitoring = bolus-tracking
scan = scan
helical = helical
helix = helical
spiral = helical
volume = volume
vol = volume
standard = standard
recon = reconstruction
recons = reconstruction
reconstruction = reconstruction
reformat = reformat
reformats = reformat
reformatted = reformat
mpr = reformat
mprs = reformat
mip = mip
mips = mip
vrt = rendering
3d = rendering
volume rendering = rendering
subtraction = subtraction
thin = thin-slices
thins = thin-slices
thin slices = thin-slices
bone window = bone-window
bone windows = bone-window
bone = bone-window
lung window = lung-window
lung windows = lung-window
soft tissue = soft-tissue-window
soft tissue window = soft-tissue-window
`;

export const DESCRIPTOR_TERMS = readTermTable(LINES, DESCRIPTOR_TOPICS);
