"""What a bundle says about whole DICOM series, read by pydicom and preprocessed by the reference.

    python3 models/training/judge_native_dicom.py --bundle models/bundles/starter SERIES...

A SERIES is a folder or a ZIP archive of one CT series. Needs pydicom and onnxruntime. With --tensors FILE the
tensors are written for a judge that is not a bundle (a fold's trunk) instead of being classified.
"""
import argparse
import io
import json
import os
import zipfile

import numpy as np

from preprocess_reference import preprocess_series


def read_datasets(path):
    import pydicom
    if os.path.isdir(path):
        blobs = (open(os.path.join(path, name), 'rb').read() for name in sorted(os.listdir(path)))
    else:
        archive = zipfile.ZipFile(path)
        blobs = (archive.read(name) for name in sorted(archive.namelist()) if not name.endswith('/'))
    for blob in blobs:
        try:
            dataset = pydicom.dcmread(io.BytesIO(blob))
        except pydicom.errors.InvalidDicomError:
            continue
        if 'PixelData' in dataset and 'ImagePositionPatient' in dataset:
            yield dataset


def stack_hu(datasets):
    """(HU [slice, row, column] in the order that the card names, dominant plane by orientation)."""
    datasets = list(datasets)
    row, column = np.array(datasets[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    axis = int(np.argmax(np.abs(normal)))
    position = np.array([float(d.ImagePositionPatient[axis]) for d in datasets])
    # Patient coordinates grow to the left, the back and the head.
    order = np.argsort(-position if axis == 2 else position, kind='stable')
    slices = [datasets[k].pixel_array * float(datasets[k].get('RescaleSlope', 1))
              + float(datasets[k].get('RescaleIntercept', 0)) for k in order]
    return slices, ('sagittal', 'coronal', 'axial')[axis]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--bundle')
    parser.add_argument('--tensors')
    parser.add_argument('series', nargs='+')
    options = parser.parse_args()
    tensors, planes = [], []
    for path in options.series:
        slices, plane = stack_hu(read_datasets(path))
        tensors.append(preprocess_series(slices))
        planes.append(plane)
    if options.tensors:
        np.savez(options.tensors, tensors=np.array(tensors), planes=np.array(planes))
    if not options.bundle:
        return
    import onnxruntime
    with open(os.path.join(options.bundle, 'card.json'), encoding='utf-8') as file:
        card = json.load(file)
    session = onnxruntime.InferenceSession(os.path.join(options.bundle, 'starter.onnx'),
                                           providers=['CPUExecutionProvider'])
    for path, tensor, plane in zip(options.series, tensors, planes):
        print(f'{os.path.basename(path)}: {plane} by orientation')
        for task, entry in card['tasks'].items():
            scores = session.run([entry['probabilities']], {'volume': tensor[None, None]})[0][0]
            best = np.argsort(-scores)[:3]
            print('  ' + task + ': ' + ', '.join(f"{entry['labels'][k]} {scores[k]:.3f}" for k in best))


if __name__ == '__main__':
    main()
