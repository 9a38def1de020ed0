import { readTermTable } from './term-table.ts';

/** `none` protects a phrase in which a word of a plane means something else; it makes no claim. */
const AXIS_WORDS = ['axial', 'coronal', 'sagittal', 'none'] as const;

const LINES = `
# --- axial
axial = axial
axials = axial
ax = axial
axl = axial
axi = axial
axw = axial            # axial with contrast
axwo = axial
axiale = axial         # German, French, Italian
axiaal = axial         # Dutch
axiales = axial        # Spanish, French
axiais = axial         # Portuguese
assiale = axial        # Italian
assiali = axial
aksjalny = axial       # Polish
trans axial = axial
transversal = axial
transversale = axial
transversaal = axial
transverse = axial
tra = axial
tras = axial
轴位 = axial           # Chinese
横断 = axial           # Japanese, Chinese
横轴 = axial

# --- coronal
coronal = coronal
coronals = coronal
cor = coronal
cors = coronal
corl = coronal
koronal = coronal      # German
koronar = coronal
coronaal = coronal     # Dutch
coronale = coronal     # Italian, French
coronali = coronal
coronales = coronal    # Spanish
coronais = coronal     # Portuguese
wiencowy = coronal
冠状 = coronal
冠状位 = coronal
atten cor = none       # attenuation correction
attenuation cor = none
ct atten cor = none
ac cor = none
scatter cor = none
cor cta = none         # coronary or coronal
cta cor = none
cor art ca = none
cor calcium = none
motion cor = none

# --- sagittal
sagittal = sagittal
sagittals = sagittal
sag = sagittal
sags = sagittal
sagital = sagittal     # Spanish, Portuguese, and a common slip
sagitales = sagittal
sagitais = sagittal
sagitt = sagittal
sagittale = sagittal   # French, Italian, German
sagittali = sagittal
sagittaal = sagittal   # Dutch
strzalkowy = sagittal  # Polish
矢状 = sagittal
矢状位 = sagittal
`;

export const AXIS_TERMS = readTermTable(LINES, AXIS_WORDS);
