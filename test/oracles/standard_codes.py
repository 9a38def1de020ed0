"""Tells which codes pydicom's tables of PS3.16 do not have, or have under another meaning.

stdin: JSON list of [value, scheme, meaning]. stdout: JSON list of those that are not there.
"""

import json
import sys

from pydicom.sr._concepts_dict import concepts

known = {
    (code, scheme, meaning.lower())
    for scheme, keywords in concepts.items()
    for codes in keywords.values()
    for code, (meaning, _) in codes.items()
}
print(json.dumps([code for code in json.load(sys.stdin) if (code[0], code[1], code[2].lower()) not in known]))
