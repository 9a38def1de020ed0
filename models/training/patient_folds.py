"""Which patients are kept back together, so that every figure is on patients that a model never saw."""
import numpy as np

# Patients kept back together. Each group lacks something that the rest has; open-kbp is dealt out in turn.
FOLDS = (
    ('ACRIN-FLT-Breast_001',),
    ('TCGA-AY-4070A', 'elastix_3DCT_lung', 'ACRIN-FLT-Breast_013'),
    ('matRad_default_patient_20250219', 'LIDC-IDRI-0001', 'vtk_headsq'),
    ('Pancreas-CT-CB_001', 'CMB-CRC-MSB-01068'),
    ('CRLM-CT-1004', 'C3L-00189', '1.3.6.1.4.1.9328.50.1.0117', 'LungFCP-01-0001'),
)


def fold_lookup(patients):
    """patient → fold; those whom FOLDS does not name are dealt out in sorted order."""
    named = {name: index for index, names in enumerate(FOLDS) for name in names}
    others = sorted(set(patients) - set(named))
    return {name: named[name] if name in named else others.index(name) % len(FOLDS) for name in patients}


def patients_in(bank):
    return sorted({name for joined in bank['patients'] for name in joined.split('|')})


def fold_table(*banks):
    """patient → fold, the same for every bank."""
    return fold_lookup({name for bank in banks for name in patients_in(bank)})


def without_fold(bank, table, fold):
    """Rows in which no patient of the fold has a part."""
    return np.array([all(table[name] != fold for name in joined.split('|')) for joined in bank['patients']])
