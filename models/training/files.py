"""Files that a reader never sees half written."""
import json
import os


def write_json(path, content):
    with open(path + '.part', 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write('\n')
    os.replace(path + '.part', path)
