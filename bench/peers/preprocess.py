"""The same files to the same tensor in Python, one thread."""

import glob
import math

import numpy as np
import pydicom
from rounds import serve


class Volume:
    """So many slices, and the tensor to make of them."""

    def __init__(self, count, parameters):
        self.count = count
        self.low, self.high = parameters["windowHu"]
        self.shape = tuple(parameters["shape"])

    def taps(self):
        count, wanted = self.count, self.shape[0]
        for d in range(wanted):
            s = min(max((d + 0.5) * count / wanted - 0.5, 0), count - 1)
            first = math.floor(s)
            yield first, min(first + 1, count - 1), np.float32(s - first)

    def resample_tuned(self, read):
        """Only the slices needed; clipped and shrunk as int16, which cv2 does fastest; planes blended in float32."""
        import cv2

        _, rows, columns = self.shape
        out = np.empty(self.shape, np.uint8)
        held = {}

        def plane(index):
            if index not in held:
                stored, slope, intercept = read(index)
                low, high = (np.int16((hu - intercept) / slope) for hu in (self.low, self.high))
                small = cv2.resize(np.clip(stored, low, high), (columns, rows), interpolation=cv2.INTER_LINEAR)
                scale = 255 / (self.high - self.low)
                held[index] = small * np.float32(slope * scale) + np.float32((intercept - self.low) * scale)
                held.pop(index - 2, None)
            return held[index]

        for d, (first, second, weight) in enumerate(self.taps()):
            a = plane(first)
            blended = a if weight == 0 else cv2.addWeighted(a, float(1 - weight), plane(second), float(weight), 0)
            out[d] = np.rint(blended)
        return out


class Stack(Volume):
    def __init__(self, args):
        self.files = sorted(glob.glob(args["folder"] + "/*.dcm"))
        super().__init__(len(self.files), args["parameters"])
        self.repeats, self.tensor_file = args["repeats"], args["tensorFile"]

    def serve(self, package, preprocess):
        def work(request):
            for _ in range(self.repeats):
                tensor = preprocess()
            told = {"scale": 1 / self.repeats}
            if request["check"]:
                ours = np.fromfile(self.tensor_file, np.uint8).reshape(self.shape).astype(np.int16)
                difference = np.abs(tensor - ours)
                told |= {"largest": int(difference.max()), "mean": float(difference.mean())}
            return told

        return package.__version__, work


def as_people_write_it(args):
    import cv2
    from scipy import ndimage

    cv2.setNumThreads(1)
    stack = Stack(args)
    slices, rows, columns = stack.shape

    def preprocess():
        volume = []
        for file in stack.files:
            dataset = pydicom.dcmread(file)
            hounsfield = dataset.pixel_array.astype(np.float32) * float(dataset.RescaleSlope)
            hounsfield += float(dataset.RescaleIntercept)
            windowed = (np.clip(hounsfield, stack.low, stack.high) - stack.low) / (stack.high - stack.low)
            volume.append(cv2.resize(windowed, (columns, rows), interpolation=cv2.INTER_LINEAR))
        volume = np.stack(volume)
        zoomed = ndimage.zoom(volume, (slices / len(volume), 1, 1), order=1, mode="nearest", grid_mode=True)
        return np.rint(zoomed * 255).astype(np.uint8)

    return stack.serve(pydicom, preprocess)


TAGS = ["Rows", "Columns", "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "PixelData"]


def tuned(args):
    import cv2

    cv2.setNumThreads(1)
    stack = Stack(args)

    def read(index):
        dataset = pydicom.dcmread(stack.files[index], specific_tags=TAGS)
        stored = np.frombuffer(dataset.PixelData, np.int16).reshape(dataset.Rows, dataset.Columns)
        return stored, float(dataset.RescaleSlope), float(dataset.RescaleIntercept)

    return stack.serve(pydicom, lambda: stack.resample_tuned(read))


def tuned_with_decoder(plugin):
    def tool(args):
        import cv2
        from pydicom.pixels import get_decoder

        cv2.setNumThreads(1)
        stack = Stack(args)
        uid = pydicom.dcmread(stack.files[0], stop_before_pixels=True).file_meta.TransferSyntaxUID
        decoder = get_decoder(uid)

        def read(index):
            dataset = pydicom.dcmread(stack.files[index])
            stored, _ = decoder.as_array(dataset, decoding_plugin=plugin, raw=True, index=0)
            return stored, float(dataset.RescaleSlope), float(dataset.RescaleIntercept)

        return stack.serve(pydicom, lambda: stack.resample_tuned(read))

    return tool


def simple_itk(args):
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    stack = Stack(args)
    slices, rows, columns = stack.shape

    def preprocess():
        reader = sitk.ImageSeriesReader()
        # Slices go from head to foot in the tensor, and along rising z in ITK.
        reader.SetFileNames(stack.files[::-1])
        image = reader.Execute()
        window = (float(stack.low), float(stack.high))
        image = sitk.IntensityWindowing(sitk.Cast(image, sitk.sitkFloat32), *window, 0.0, 255.0)
        size = (columns, rows, slices)
        spacing = [s * n / m for s, n, m in zip(image.GetSpacing(), image.GetSize(), size)]
        shift = [(new - old) / 2 for new, old in zip(spacing, image.GetSpacing())]
        filter = sitk.ResampleImageFilter()
        filter.SetSize(size)
        filter.SetOutputSpacing(spacing)
        filter.SetOutputOrigin([o + s for o, s in zip(image.GetOrigin(), shift)])
        filter.SetInterpolator(sitk.sitkLinear)
        filter.UseNearestNeighborExtrapolatorOn()
        return np.rint(sitk.GetArrayFromImage(filter.Execute(image))).astype(np.uint8)[::-1]

    return stack.serve(sitk, preprocess)


def monai_tool(args):
    import monai
    import torch
    from monai.data import PydicomReader
    from monai.transforms import Compose, EnsureChannelFirst, LoadImage, Resize, ScaleIntensityRange

    torch.set_num_threads(1)
    stack = Stack(args)
    slices, rows, columns = stack.shape
    transform = Compose(
        [
            LoadImage(reader=PydicomReader(affine_lps_to_ras=True), image_only=True),
            EnsureChannelFirst(),
            ScaleIntensityRange(stack.low, stack.high, 0.0, 1.0, clip=True),
            Resize((columns, rows, slices), mode="trilinear"),
        ]
    )

    def preprocess():
        # [column, row, slice]
        volume = transform(args["folder"])[0].numpy()
        return np.rint(volume.transpose(2, 1, 0) * 255).astype(np.uint8)

    return stack.serve(monai, preprocess)


if __name__ == "__main__":
    decoders = {plugin: tuned_with_decoder(plugin) for plugin in ("gdcm", "pylibjpeg", "pyjpegls", "pillow")}
    serve(
        {
            "as people write it": as_people_write_it,
            "tuned": tuned,
            "SimpleITK": simple_itk,
            "MONAI": monai_tool,
            **decoders,
        }
    )
