import { readTermTable } from './term-table.ts';

/**
 * Regions that words name, finer than the label vocabulary. `weak-chest` is the lung or the mediastinum, which may be
 * a window or a kernel: it counts when no other region is named. `abdomen-pelvis` and `chest-abdomen-pelvis` name
 * several at once. `unsure` is a region outside the vocabulary or a word of several meanings: the text is then silent.
 * `none` protects a phrase that holds a region's word and means something else.
 */
export const REGION_WORDS = [
  'head',
  'face',
  'temporal-bone',
  'neck',
  'head-and-neck',
  'c-spine',
  't-spine',
  'l-spine',
  'c-and-t-spine',
  't-and-l-spine',
  'chest',
  'weak-chest',
  'abdomen',
  'abdomen-pelvis',
  'ap',
  'chest-abdomen-pelvis',
  'pelvis',
  'unsure',
  'none',
] as const;

export type RegionWord = (typeof REGION_WORDS)[number];

/** Sources: PS3.16 annex L (Body Part Examined) and descriptions met in public archives. */
const LINES = `
# --- phrases that only look like a region
head in = none
head first = none
feet first = none
feet in = none
head holder = none
headfirst = none
arms up = none
arm up = none
arms down = none
body part = none
table head = none
chest wall = unsure
lung bases = unsure
lung base = unsure
or = unsure            # "abdomen or pelvis": nobody knows which
lub = unsure           # Polish
oder = unsure          # German
and/or = unsure

# --- head
head = head
brain = head
skull = head
cranium = head
cranial = head
cerebral = head
cerebrum = head
neuro head = head
stroke = head
circle of willis = head
pituitary = head
sella = head
kopf = head            # German
schadel = head
hirn = head
gehirn = head
cranio = head          # Spanish, Italian, Portuguese
craneo = head          # Spanish
cabeza = head
cerebro = head
encefalo = head
cabeca = head          # Portuguese
testa = head           # Italian
capo = head
tete = head            # French
crane = head
cerveau = head
encephale = head
hoofd = head           # Dutch
hersenen = head
schedel = head
glowa = head           # Polish
glowy = head
mozg = head
头 = head              # Chinese
颅 = head
脑 = head
頭 = head              # Japanese
脳 = head

# --- face, orbits, sinuses
face = face
facial = face
facial bones = face
maxillofacial = face
maxillo facial = face
max face = face
maxface = face
maxilla = face
mandible = face
dental = face
orbit = face
orbits = face
orbita = face
orbital = face
eye = face
eyes = face
sinus = face
sinuses = face
paranasal = face
paranasal sinuses = face
pns = face
nnh = face             # German: Nasennebenhoehlen
nasennebenhohlen = face
gesicht = face
gesichtsschadel = face
mittelgesicht = face
sinusite = face        # French
massif facial = face
visage = face
senos paranasales = face  # Spanish
macizo facial = face
orbitas = face
seios da face = face   # Portuguese
seni paranasali = face # Italian
massiccio facciale = face
zatoki = face          # Polish
aangezicht = face      # Dutch
eyes to thigh* = unsure
副鼻腔 = face
鼻窦 = face
眼眶 = face
coronary sinus = unsure
carotid sinus = unsure

# --- temporal bone
temporal bone = temporal-bone
temporal bones = temporal-bone
temporals = temporal-bone
petrous = temporal-bone
petrous bone* = temporal-bone
iac = temporal-bone
iacs = temporal-bone
mastoid = temporal-bone
mastoids = temporal-bone
inner ear = temporal-bone
internal auditory = temporal-bone
felsenbein* = temporal-bone  # German
rocher = temporal-bone       # French
rochers = temporal-bone
penascos = temporal-bone     # Spanish
oido = temporal-bone
mastoides = temporal-bone
mastoide = temporal-bone
ouvido = temporal-bone       # Portuguese
rocche petrose = temporal-bone # Italian
rotsbeen = temporal-bone     # Dutch
内耳 = temporal-bone
颞骨 = temporal-bone
側頭骨 = temporal-bone

# --- neck
neck = neck
soft tissue neck = neck
larynx = neck
thyroid = neck
hals = neck            # German, Dutch
cou = neck             # French
cuello = neck          # Spanish
pescoco = neck         # Portuguese
collo = neck           # Italian
szyja = neck           # Polish
szyi = neck
颈部 = neck
頚部 = neck
頸部 = neck
head neck = head-and-neck
head and neck = head-and-neck
headneck = head-and-neck
brain and neck = head-and-neck
kopf hals = head-and-neck
头颈 = head-and-neck
頭頸部 = head-and-neck
頭頚部 = head-and-neck
bladder neck = unsure
femoral neck = unsure
carotid = unsure
carotids = unsure

# --- spine
c spine = c-spine
cervical spine = c-spine
spine cervical = c-spine
cerv spine = c-spine
hws = c-spine          # German
halswirbelsaule = c-spine
rachis cervical = c-spine      # French, Spanish
columna cervical = c-spine
coluna cervical = c-spine      # Portuguese
rachide cervicale = c-spine    # Italian
颈椎 = c-spine
頚椎 = c-spine
頸椎 = c-spine
t spine = t-spine
thoracic spine = t-spine
spine thoracic = t-spine
dorsal spine = t-spine
d spine = t-spine
bws = t-spine
brustwirbelsaule = t-spine
rachis dorsal = t-spine
rachis thoracique = t-spine
columna dorsal = t-spine
coluna dorsal = t-spine
coluna toracica = t-spine
rachide dorsale = t-spine
胸椎 = t-spine
l spine = l-spine
ls spine = l-spine
lumbar = l-spine
lumbar spine = l-spine
spine lumbar = l-spine
lumbosacral = l-spine
lumbosacral spine = l-spine
lumbar sacral spine = l-spine
lws = l-spine
lendenwirbelsaule = l-spine
rachis lombaire = l-spine
columna lumbar = l-spine
coluna lombar = l-spine
rachide lombare = l-spine
腰椎 = l-spine
ctl spine = unsure
c t spine = c-and-t-spine
cervicothoracic spine = c-and-t-spine
c and t spine = c-and-t-spine
tl spine = t-and-l-spine
t l spine = t-and-l-spine
thoracolumbar = t-and-l-spine
thoracolumbar spine = t-and-l-spine
thoracic lumbar spine = t-and-l-spine
t and l spine = t-and-l-spine
ct spine = unsure      # the modality or two regions
spine = unsure
whole spine = unsure
wirbelsaule = unsure
rachis = unsure
sacrum = unsure
coccyx = unsure
cervical = unsure
vertebra* = unsure

# --- chest
chest = chest
thorax = chest
thoracic = chest
thor = chest
thx = chest
heart = chest
cardiac = chest
coronary = chest
coronaries = chest
calcium score = chest
calcium scoring = chest
ca score = chest
ca scoring = chest
smart score = chest
ctpa = chest
pe = chest             # pulmonary embolism
pe protocol = chest
ct pe = chest
pulmonary = chest
pulmonary embolism = chest
pulm = chest
hrct = chest
lung screen = chest
lung screening = chest
lung cancer screening = chest
lung nodule* = chest
lcs = chest
rib = chest
ribs = chest
sternum = chest
brustkorb = chest      # German
torax = chest          # Spanish, Portuguese
toraks = chest
torace = chest         # Italian
toracico = chest
thoracique = chest     # French
borstkas = chest       # Dutch
klatka piersiowa = chest    # Polish
klatki piersiowej = chest
kl piersiowa = chest
kl piersiowej = chest
klp = chest
hrudnik = chest        # Czech
胸 = chest
胸部 = chest
心脏 = chest
心臓 = chest
herz = chest
coeur = chest
corazon = chest
cuore = chest
lung = weak-chest
lungs = weak-chest
lunge = weak-chest     # German
lungen = weak-chest
poumon = weak-chest    # French
poumons = weak-chest
pulmon = weak-chest    # Spanish
pulmones = weak-chest
pulmao = weak-chest    # Portuguese
polmone = weak-chest   # Italian
polmoni = weak-chest
longen = weak-chest    # Dutch
long thorax = chest
pluca = weak-chest     # Polish
plice = weak-chest     # Czech
肺 = weak-chest
mediastin* = weak-chest

# --- abdomen
abdomen = abdomen
abd = abdomen
abdo = abdomen
abdom = abdomen
abdominal = abdomen
liver = abdomen
hepatic = abdomen
hepat* = abdomen
kidney = abdomen
kidneys = abdomen
renal = abdomen
pancreas = abdomen
pancreatic = abdomen
panc = abdomen
spleen = abdomen
stomach = abdomen
gastric = abdomen
adrenal = abdomen
adrenals = abdomen
gallbladder = abdomen
gall bladder = abdomen
biliary = abdomen
abdomen thorax = unsure
bauch = abdomen        # German
oberbauch = abdomen
leber = abdomen
niere = abdomen
nieren = abdomen
pankreas = abdomen
abdomene = abdomen
foie = abdomen         # French
rein = abdomen
reins = abdomen
higado = abdomen       # Spanish
rinon = abdomen
rinones = abdomen
figado = abdomen       # Portuguese
abdome = abdomen
rins = abdomen
addome = abdomen       # Italian
fegato = abdomen
reni = abdomen
buik = abdomen         # Dutch
bovenbuik = abdomen
nieren ct = abdomen
brzuch = abdomen       # Polish
brzucha = abdomen
brzuszna = abdomen
brzusznej = abdomen
jama brzuszna = abdomen
jamy brzusznej = abdomen
jb = abdomen
watroba = abdomen
nerki = abdomen
trzustka = abdomen
bricho = abdomen       # Czech
bricha = abdomen
腹部 = abdomen
上腹 = abdomen
上腹部 = abdomen
肝 = abdomen
肝脏 = abdomen
腎 = abdomen
肾 = abdomen
膵 = abdomen
胰 = abdomen
colon = unsure
esophag* = unsure
oesophag* = unsure
aorta = unsure
aortic = unsure

# --- abdomen and pelvis
ab pel = abdomen-pelvis
ab pelv = abdomen-pelvis
ab pelvis = abdomen-pelvis
abd pel = abdomen-pelvis
abd pelv = abdomen-pelvis
abd pelvis = abdomen-pelvis
abdo pelvis = abdomen-pelvis
abdomen pel = abdomen-pelvis
abdomen pelv = abdomen-pelvis
abdomen pelvis = abdomen-pelvis
abdomen pelvico = abdomen-pelvis
abdomen becken = abdomen-pelvis
a/p = abdomen-pelvis
a&p = abdomen-pelvis
ap = ap                # abdomen-pelvis, or anteroposterior in a localizer
ap lat = none
ap/lat = none
lat ap = none
ap view = none
ap portable = none
ap pa = none
kub = abdomen-pelvis
urogram = abdomen-pelvis
urography = abdomen-pelvis
ct urogram = abdomen-pelvis
ct urography = abdomen-pelvis
ctu = abdomen-pelvis
stone protocol = abdomen-pelvis
kidney stone = abdomen-pelvis
renal stone = abdomen-pelvis
stone study = abdomen-pelvis
enterography = abdomen-pelvis
colonography = abdomen-pelvis
virtual colonoscopy = abdomen-pelvis
abdomino pelv* = abdomen-pelvis
abdominopelv* = abdomen-pelvis
uro ct = abdomen-pelvis
全腹 = abdomen-pelvis

# --- pelvis
pelvis = pelvis
pelvic = pelvis
pelv = pelvis
pelvi = pelvis
pel = pelvis
bladder = pelvis
blad = pelvis
prostate = pelvis
rectum = pelvis
rectal = pelvis
uterus = pelvis
cervix = pelvis
ovary = pelvis
ovaries = pelvis
ovarian = pelvis
anus = pelvis
becken = pelvis        # German
bassin = pelvis        # French
pelvien = pelvis
pelviano = pelvis      # Spanish
pelve = pelvis         # Portuguese
bacia = pelvis
bacino = pelvis        # Italian
pelvi ct = pelvis
bekken = pelvis        # Dutch
miednica = pelvis      # Polish
miednicy = pelvis
mied = pelvis
panev = pelvis         # Czech
panve = pelvis
盆腔 = pelvis
骨盆 = pelvis
骨盤 = pelvis
renal pelvis = abdomen

# --- chest, abdomen and pelvis
cap = chest-abdomen-pelvis
c a p = chest-abdomen-pelvis
tap = chest-abdomen-pelvis
t a p = chest-abdomen-pelvis
thorax ap = chest-abdomen-pelvis
chest ap = unsure      # anteroposterior, or abdomen and pelvis
ch abd pel = chest-abdomen-pelvis
ch abd pelv = chest-abdomen-pelvis
ch abd pelvis = chest-abdomen-pelvis
ch ab pel = chest-abdomen-pelvis
ch ab pelvis = chest-abdomen-pelvis
chst abd pel = chest-abdomen-pelvis
chabdpelv = chest-abdomen-pelvis
chest abd pel = chest-abdomen-pelvis
chest abd pelv = chest-abdomen-pelvis
chest abd pelvis = chest-abdomen-pelvis
chest abdomen pelvis = chest-abdomen-pelvis
chest to pelvis = chest-abdomen-pelvis
chest thru pelvis = chest-abdomen-pelvis
chest through pelvis = chest-abdomen-pelvis
thorax abdomen becken = chest-abdomen-pelvis
thorax abdomen pelvis = chest-abdomen-pelvis
thorax abdomen bekken = chest-abdomen-pelvis
thorax cap = chest-abdomen-pelvis
abdomen cap = chest-abdomen-pelvis
thoraco abdomino pelv* = chest-abdomen-pelvis
torace addome pelvi = chest-abdomen-pelvis
胸腹盆 = chest-abdomen-pelvis
ct thorax abdomen = unsure
chest abd = unsure
chest abdomen = unsure
thorax abdomen = unsure
thorax abd = unsure
thoraco abdominal = unsure
c/a = unsure
ch abd = unsure
ch ab = unsure
chest pelvis = unsure
neck cap = unsure
ncap = unsure
ncap attn = unsure
胸腹 = unsure

# --- outside the vocabulary
extremity = unsure
extremities = unsure
leg = unsure
legs = unsure
knee = unsure
knees = unsure
ankle = unsure
foot = unsure
feet = unsure
toe = unsure
toes = unsure
hand = unsure
wrist = unsure
elbow = unsure
shoulder = unsure
humerus = unsure
femur = unsure
thigh = unsure
thighs = unsure
midthigh = unsure
hip = unsure
hips = unsure
iliac = unsure
breast = unsure
axilla = unsure
whole body = unsure
wb = unsure
vertex = unsure
torso = unsure
trunk = unsure
teilkorper = unsure    # German
ganzkorper = unsure
run off = unsure
runoff = unsure
lower limb* = unsure
upper limb* = unsure
hilum = unsure
`;

export const BODY_PART_TERMS = readTermTable(LINES, REGION_WORDS);
