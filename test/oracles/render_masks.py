"""Draws two lines of text in several fonts and sizes and prints them as coverage masks.

stdout: JSON list of {font, size, rows, columns, alpha}; `alpha` is base64 of rows*columns bytes, 255 where ink is full.
`size` is 0, 1 or 2: small, middle, large.
"""

import base64
import json
import sys

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LINES = ["ZZTEST^CANARY 19000101", "ID 0000000 F 034Y"]
SIZES = {
    "freetype": (11, 14, 20),
    "freetype-bold": (11, 14, 20),
    "hershey-simplex": (0.4, 0.5, 0.7),
    "hershey-duplex": (0.4, 0.5, 0.7),
    "hershey-complex": (0.45, 0.6, 0.8),
    "bitmap": (1, 2, 3),
}
FACES = {
    "hershey-simplex": (cv2.FONT_HERSHEY_SIMPLEX, cv2.LINE_8),
    "hershey-duplex": (cv2.FONT_HERSHEY_DUPLEX, cv2.LINE_AA),
    "hershey-complex": (cv2.FONT_HERSHEY_COMPLEX, cv2.LINE_AA),
}


def draw(font, size):
    image = Image.new("L", (512, 160), 0)
    if font in FACES:
        face, style = FACES[font]
        page = np.zeros((160, 512), np.uint8)
        for i, line in enumerate(LINES):
            cv2.putText(page, line, (4, int((1.4 * i + 1) * 40 * size) + 4), face, size, 255, 1, style)
        return page
    if font == "bitmap":
        ImageDraw.Draw(image).text((2, 2), "\n".join(LINES), font=ImageFont.load_default_imagefont(), fill=255)
        page = np.array(image)[:40, :170]
        return np.kron(page, np.ones((size, size), np.uint8))
    stroke = 0.4 if font.endswith("bold") else 0
    for i, line in enumerate(LINES):
        place = (4, 4 + int(i * size * 1.6))
        ImageDraw.Draw(image).text(place, line, font=ImageFont.load_default(size), fill=255, stroke_width=stroke)
    return np.array(image)


results = []
for font, sizes in SIZES.items():
    for index, size in enumerate(sizes):
        page = draw(font, size)
        rows, columns = np.nonzero(page)
        page = np.ascontiguousarray(page[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
        results.append(
            {
                "font": font,
                "size": index,
                "rows": page.shape[0],
                "columns": page.shape[1],
                "alpha": base64.b64encode(page.tobytes()).decode(),
            }
        )
json.dump(results, sys.stdout)
