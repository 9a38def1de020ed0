"""The closed label lists of the three tasks, in the order in which a bundle's outputs are read."""

BODY_PARTS = (
    'head', 'head-and-face', 'face-orbits-sinus', 'temporal-bone', 'head-and-neck', 'neck', 'c-spine',
    'c-and-t-spine', 't-spine', 't-and-l-spine', 'l-spine', 'chest', 'chest-abdomen-pelvis', 'abdomen',
    'abdomen-pelvis', 'pelvis',
)
AXES = ('axial', 'coronal', 'sagittal')
CONTRASTS = ('no', 'yes')
LABELS = {'body_part': BODY_PARTS, 'axis': AXES, 'contrast': CONTRASTS}

SPINE = frozenset(name for name in BODY_PARTS if name.endswith('spine'))

# Regions within which labels overlap anatomically; what is counted as a coarse hit.
COARSE_REGIONS = {
    'head': 'head', 'head-and-face': 'head', 'face-orbits-sinus': 'head', 'temporal-bone': 'head',
    'head-and-neck': 'neck', 'neck': 'neck', 'c-spine': 'spine', 'c-and-t-spine': 'spine',
    't-spine': 'spine', 't-and-l-spine': 'spine', 'l-spine': 'spine', 'chest': 'chest',
    'chest-abdomen-pelvis': 'chest-abdomen-pelvis', 'abdomen': 'abdomen', 'abdomen-pelvis': 'abdomen',
    'pelvis': 'pelvis',
}
