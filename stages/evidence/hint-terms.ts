import type { ExclusionHint } from '../records.ts';
import { readTermTable } from './term-table.ts';

/** Signs that an image is none to learn from; `none` protects a phrase that only sounds like one. */
const HINT_WORDS = [
  'localizer',
  'dose-report',
  'screen-save',
  'scanned-document',
  'mip',
  'volume-rendering',
  'perfusion',
  'subtraction',
  'fluoroscopy',
  'bolus-tracking',
  'phantom',
  'calibration',
  'none',
] as const satisfies readonly (ExclusionHint | 'none')[];

const LINES = `
# --- localizer
localizer = localizer
localizers = localizer
localiser = localizer
localisers = localizer
localizador = localizer    # Spanish, Portuguese
localizzatore = localizer  # Italian
lokalizer = localizer
scout = localizer
scouts = localizer
scout view = localizer
topogram = localizer       # Siemens
topograms = localizer
topogramm = localizer
topogramme = localizer
topo = localizer
surview = localizer        # Philips
scanogram = localizer      # Toshiba
scanograms = localizer
scanogramm = localizer
scano = localizer
scanoscope = localizer
pilot scan = localizer
radiogramme = localizer
mode radio = localizer
定位像 = localizer
定位 = localizer
位置決め = localizer
no scout = none
post scout = none

# --- dose report
dose report = dose-report
dose info = dose-report
dose information = dose-report
dose sheet = dose-report
dose summary = dose-report
dose record = dose-report
dose page = dose-report
dose sr = dose-report
radiation dose = dose-report
radiation dose report = dose-report
radiation dose information = dose-report
rdsr = dose-report
patient protocol = dose-report     # Siemens
exam protocol = dose-report
rapport dose = dose-report         # French
rapport de dose = dose-report
dosisbericht = dose-report         # German
dosisprotokoll = dose-report
patientenprotokoll = dose-report
informe de dosis = dose-report     # Spanish
reporte de dosis = dose-report
relatorio de dose = dose-report    # Portuguese
report dose = dose-report
dosisrapport = dose-report         # Dutch
线量 = dose-report
線量レポート = dose-report
剂量报告 = dose-report

# --- screens and paper
screen save = screen-save
screensave = screen-save
screen saves = screen-save
screen capture = screen-save
screen captures = screen-save
screen shot = screen-save
screenshots = screen-save
snapshots = screen-save
snap shot = none            # GE SnapShot is a cardiac scan mode
vi snapshot = none
key image* = screen-save
schermafdruk = screen-save
scanned document = scanned-document
scanned documents = scanned-document
document scan = scanned-document
scanned = scanned-document
requisition = scanned-document
paperwork = scanned-document
consent form = scanned-document
worksheet = scanned-document

# --- renderings and maps
mip = mip
mips = mip
min ip = mip
minip = mip
mip thin = mip
maximum intensity = mip
minimum intensity = mip
3d mip = mip
no mip = none
vrt = volume-rendering
volume rendering = volume-rendering
volume rendered = volume-rendering
vol render* = volume-rendering
3d vr = volume-rendering
3d volume render* = volume-rendering
3d rendering = volume-rendering
3d render* = volume-rendering
for 3d = none
for 3d recon = none
3d images = volume-rendering
shaded surface = volume-rendering
ssd = volume-rendering
cinematic = volume-rendering
fly through = volume-rendering
perfusion map* = perfusion
cbf = perfusion
cbv = perfusion
rcbf = perfusion
rcbv = perfusion
mtt = perfusion
ttp = perfusion
tmax = perfusion
t max = perfusion
mean transit = perfusion
time to peak = perfusion
blood flow = perfusion
blood volume = perfusion
pbv = perfusion
subtraction = subtraction
subtracted = subtraction
subtract = subtraction

# --- interventions and timing
fluoro = fluoroscopy
fluoroscopy = fluoroscopy
ct fluoro = fluoroscopy
carevision = fluoroscopy
care vision = fluoroscopy
smart view = fluoroscopy
smartstep = fluoroscopy
smart step = fluoroscopy
biopsy mode = fluoroscopy
smart prep = bolus-tracking        # GE
smartprep = bolus-tracking
smart prep series = bolus-tracking
monitoring = bolus-tracking        # Siemens
premonitoring = bolus-tracking
pre monitoring = bolus-tracking
test bolus = bolus-tracking
testbolus = bolus-tracking
bolus tracking = bolus-tracking
bolus track = bolus-tracking
bolus timing = bolus-tracking
timing bolus = bolus-tracking
bolus monitoring = bolus-tracking
locator = bolus-tracking           # Philips
tracker = bolus-tracking
sure start = bolus-tracking        # Toshiba
surestart = bolus-tracking
real prep = bolus-tracking
bolus = none
no bolus = none

# --- phantoms
phantom = phantom
phantoms = phantom
fantom = phantom
phantome = phantom
catphan = phantom
acr phantom = phantom
water phantom = phantom
phantom study = phantom
daily qa = phantom
qa phantom = phantom
quality assurance = phantom
calibration = calibration
water calibration = calibration
air calibration = calibration
air cal = calibration
water cal = calibration
tube warm up = calibration
warm up = calibration
warmup = calibration
体模 = phantom
ファントム = phantom
`;

export const HINT_TERMS = readTermTable(LINES, HINT_WORDS);
