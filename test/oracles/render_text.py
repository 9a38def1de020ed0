"""Draws text as scanners, workstations and paper scanners do, for the tests of the pixel evidence.

Arguments: output folder; then, where there is one, a raw file of 512x512 int16 stored values to write upon.
stdout: JSON list of {file, kind, name}; each file holds 512x512 uint8 or int16 (see `type`).
"""

import json
import sys

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FOLDER = sys.argv[1]
LINES = [
    "DOSE REPORT  ZZTEST CANARY  19000101",
    "Accession 0000000  Exam: CT CHEST",
    "Total DLP 412.50 mGy-cm   32 cm body phantom",
    "Series  Type     Scan range   CTDIvol   DLP",
    "1       Scout    S20.0-I320   0.02      0.00",
    "2       Helical  S10.5-I290   8.41      294.10",
    "3       Helical  S10.5-I290   3.37      118.40",
    "Operator: TEST   Station: CT00",
]
results = []


def save(name, kind, image):
    path = f"{FOLDER}/{name}.raw"
    image.tofile(path)
    results.append({"file": path, "kind": kind, "name": name, "type": str(image.dtype)})


def with_freetype(size, lines, at=(20, 20)):
    image = Image.new("L", (512, 512), 0)
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        draw.text((at[0], at[1] + int(i * size * 1.6)), line, font=ImageFont.load_default(size), fill=255)
    return np.array(image)


def with_hershey(scale, thickness, lines, smooth):
    image = np.zeros((512, 512), np.uint8)
    for i, line in enumerate(lines):
        style = cv2.LINE_AA if smooth else cv2.LINE_8
        place = (10, int(30 + i * 40 * scale * 1.5))
        cv2.putText(image, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, style)
    return image


def scanned(page, seed, turn):
    """Dark on paper: turned a little, blurred, with noise and JPEG's traces."""
    rng = np.random.default_rng(seed)
    matrix = cv2.getRotationMatrix2D((256, 256), turn, 1)
    page = 235 - cv2.warpAffine(page, matrix, (512, 512)).astype(float) * 0.8
    page = cv2.GaussianBlur(page, (3, 3), 0.6) + rng.normal(0, 4, page.shape)
    return cv2.imdecode(cv2.imencode(".jpg", np.clip(page, 0, 255).astype(np.uint8))[1], cv2.IMREAD_GRAYSCALE)


for size in (11, 13, 16, 20):
    page = with_freetype(size, LINES)
    save(f"page-freetype-{size}", "page", page)
    save(f"page-freetype-{size}-hu", "page", (page.astype(np.int16) * 16 - 1024).astype(np.int16))
    save(f"page-dark-{size}", "page", 255 - page)
for scale, smooth in ((0.4, False), (0.45, True), (0.5, False)):
    save(f"page-hershey-{scale}-{smooth}", "page", with_hershey(scale, 1, LINES, smooth))
for seed, turn in ((1, 0.0), (2, 0.2)):
    save(f"scan-{seed}", "page", scanned(with_freetype(18, LINES), seed, turn))

if len(sys.argv) > 2:
    slice_ = np.fromfile(sys.argv[2], np.int16).reshape(512, 512)
    names = ["ZZTEST^CANARY 19000101", "ID 0000000 F 034Y"]
    for size in (11, 14, 18):
        for place in ((8, 8), (250, 460), (150, 240)):
            text = with_freetype(size, names, place).astype(float) / 255
            burned = np.rint(slice_ + (max(slice_.max(), 3071) - slice_) * text).astype(np.int16)
            save(f"burned-{size}-{place[0]}", "burned-in", burned)
    display = (np.clip((slice_.astype(float) - slice_.min()) / 1400, 0, 1) * 255).astype(np.uint8)
    save("clean-display", "clean", display)
    save("clean-slice", "clean", slice_)

rng = np.random.default_rng(3)
save("noise", "clean", rng.integers(0, 256, (512, 512)).astype(np.uint8))
save("smooth-noise", "clean", cv2.normalize(cv2.GaussianBlur(rng.normal(0, 1, (512, 512)), (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8))
grid = np.zeros((512, 512), np.uint8)
grid[::32], grid[:, ::32] = 255, 255
save("grid", "clean", grid)
ruler = np.zeros((512, 512), np.uint8)
for i in range(40):
    ruler[480 : 500 if i % 5 == 0 else 490, 40 + i * 10] = 255
save("ruler", "clean", ruler)
steps = np.repeat(np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4, 64, 0), 64, 1)
save("steps", "clean", steps)
save("constant", "clean", np.full((512, 512), 7, np.uint8))
json.dump(results, sys.stdout)
