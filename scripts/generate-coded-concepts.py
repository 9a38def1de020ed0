"""Prints stages/deidentify/profiles/codes.generated.ts from the context groups in pydicom (PS3.16).

Run with a Python that has pydicom 3:  python scripts/generate-coded-concepts.py > stages/deidentify/profiles/codes.generated.ts
"""
import pydicom
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

GROUPS = [
    ("Anatomic regions", [4030, 4031]),
    ("Contrast agents, routes and ingredients", [11, 12, 13]),
    ("CTDI phantoms", [4052]),
    ("Purposes of reference", [7201, 7202, 7003, 7205]),
    ("Derivations", [7203]),
    ("Water equivalent diameter", [10024]),
]

srt_of = {}
for scheme in ("SRT",):
    for srt, sct in mapping[scheme].items():
        srt_of.setdefault(sct, []).append(srt)

print("// Made by scripts/generate-coded-concepts.py from the context groups of PS3.16. Do not edit.")
print(f"// Source: pydicom {pydicom.__version__} (MIT)\n")
print("/** Scheme, value and meaning of one concept a line. SRT and SNM3 are the retired spellings of SCT. */")
print("export const CONCEPT_ROWS = `", end="")
seen = set()
rows = []


def add(scheme, value, meaning):
    if (scheme, value) not in seen and "`" not in meaning and len(meaning) <= 64 and meaning.isascii():
        seen.add((scheme, value))
        rows.append(f"{scheme} {value} {meaning}")


for title, cids in GROUPS:
    rows.append(f"# {title}: CID {', '.join(map(str, cids))}")
    for cid in cids:
        for scheme, keywords in sorted(cid_concepts[cid].items()):
            for keyword in sorted(keywords):
                for value, (meaning, _) in sorted(concepts[scheme][keyword].items()):
                    add(scheme, value, meaning)
                    if scheme == "SCT":
                        for srt in sorted(srt_of.get(value, [])):
                            add("SRT", srt, meaning)
                            add("SNM3", srt, meaning)
rows.append("# Units")
add("UCUM", "[hnsf'U]", "Hounsfield unit")
add("UCUM", "1", "no units")
add("UCUM", "mm", "mm")
print("\n".join(rows), end="")
print("`;")
