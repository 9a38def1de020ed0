"""Prints pydicom's table of UIDs (PS3.6 table A-1) as JSON."""
import json

from pydicom._uid_dict import UID_dictionary

print(json.dumps(sorted(UID_dictionary)))
