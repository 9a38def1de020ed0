"""Where a protocol's scan starts and ends, in millimetres on a reference body, and how wide its field of view is."""
from dataclasses import dataclass

from label_vocabulary import BODY_PARTS

# Millimetres below the vertex of a reference adult; symphysis_bottom is the bottom of the ischium.
REFERENCE_MM = {
    'vertex': 0, 'orbit_top': 108, 'skull_base': 125, 'c1': 140, 'hard_palate': 162, 'chin': 215,
    'c7_t1': 260, 'lung_apex': 280, 'carina': 350, 'dome_of_liver': 445, 't12_l1': 545,
    'iliac_crest_top': 675, 'l5_s1': 710, 'symphysis_bottom': 840,
}


@dataclass(frozen=True)
class Protocol:
    """Where a label's scan starts and ends (reference mm, the technologist's slack) and its field of view."""
    top: tuple
    bottom: tuple
    fov_mm: tuple
    shortest_mm: float = 0.0


PROTOCOLS = {
    'head': Protocol((-15, 12), (120, 158), (200, 270)),
    'head-and-face': Protocol((-15, 12), (198, 236), (200, 280)),
    'face-orbits-sinus': Protocol((55, 92), (162, 222), (130, 230)),
    'temporal-bone': Protocol((84, 112), (140, 172), (80, 220), 38),
    'head-and-neck': Protocol((-15, 35), (278, 350), (220, 380)),
    'neck': Protocol((92, 135), (288, 350), (180, 340)),
    'c-spine': Protocol((104, 136), (258, 292), (110, 220)),
    'c-and-t-spine': Protocol((104, 136), (535, 578), (120, 260)),
    't-spine': Protocol((236, 266), (538, 580), (110, 260)),
    't-and-l-spine': Protocol((236, 266), (706, 775), (120, 260)),
    'l-spine': Protocol((505, 543), (708, 775), (110, 260)),
    'chest': Protocol((240, 282), (475, 580), (280, 500)),
    'chest-abdomen-pelvis': Protocol((240, 282), (826, 885), (320, 500)),
    'abdomen': Protocol((415, 448), (640, 705), (300, 500)),
    'abdomen-pelvis': Protocol((415, 450), (826, 885), (300, 500)),
    'pelvis': Protocol((652, 700), (826, 895), (280, 500)),
}
# A cardiac scan is a chest with a small field of view: without it, small chests are read as spine.
CARDIAC = Protocol((340, 380), (465, 520), (160, 260))
# Coverage that archives hold beside the protocol's, for training alone: slabs, part series, planning scans
# that start high or end early. (share of a label's series, protocol)
VARIANTS = {
    'chest': ((0.08, Protocol((248, 290), (350, 430), (280, 500))),
              (0.10, Protocol((330, 430), (490, 560), (280, 500), 75))),
    'abdomen': ((0.12, Protocol((316, 415), (690, 760), (300, 500))),
                (0.15, Protocol((405, 450), (555, 640), (300, 500)))),
    'abdomen-pelvis': ((0.35, Protocol((382, 450), (796, 830), (300, 500))),),
    'chest-abdomen-pelvis': ((0.30, Protocol((240, 285), (796, 830), (320, 500))),),
    'pelvis': ((0.30, Protocol((652, 700), (796, 830), (280, 500))),),
    'head-and-neck': ((0.15, Protocol((20, 85), (330, 410), (240, 420))),),
    'face-orbits-sinus': ((0.15, Protocol((72, 95), (205, 228), (150, 240))),),
}
# The lower end of most volumes with a pelvis is the femoral head: accepted as the end of a pelvis there.
LOWEST_COMPLETE_PELVIS_MM = 795


assert set(PROTOCOLS) == set(BODY_PARTS)
