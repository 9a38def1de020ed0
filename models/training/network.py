"""The starter network: one trunk that looks at a series under three hypotheses of its plane.

A coronal or sagittal series is the same body with its axes in another order. The tensor is pooled to a
cube, turned into body order (z, y, x) once for each plane it might be in, and one small 3-D trunk looks at
all three. The plane is the hypothesis under which the body looks upright; the body part is the mixture of
what the trunk says under each. So anatomy is learned once, not once a plane.
Contrast is not learned end to end, since with few patients that learns the source: a fixed physical
feature (how bright the homogeneous soft tissue is) feeds a logistic with few weights.
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from label_vocabulary import AXES, BODY_PARTS
from preprocess_reference import BANK_CUBE, CUBE, TENSOR_SHAPE, area_matrix

# Body order (z, y, x) of a cube stored as [slice, row, column] in each plane: the inverse of STORED_AXES.
TO_BODY_ORDER = {'axial': (0, 1, 2), 'coronal': (1, 0, 2), 'sagittal': (1, 2, 0)}


def pooling_matrix(count):
    """[CUBE, count] float32: area averages to BANK_CUBE, then to CUBE."""
    return (area_matrix(BANK_CUBE, CUBE) @ area_matrix(count, BANK_CUBE)).astype(np.float32)


COORDINATE_SCALE = np.array([300.0, 300.0, 300.0, 300.0], np.float32)


def scale_coordinates(coordinates):
    """mm [N, 4] (upper end, lower end, extent along y, along x) as a trunk gives them, about -1.5..1.5."""
    return ((coordinates - np.array([430, 430, 250, 250])) / COORDINATE_SCALE).astype(np.float32)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm_first = nn.BatchNorm3d(outputs)
        self.second = nn.Conv3d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm_second = nn.BatchNorm3d(outputs)
        self.short = None
        if stride != 1 or inputs != outputs:
            self.short = nn.Sequential(nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs))

    def forward(self, x):
        kept = x if self.short is None else self.short(x)
        x = torch.relu(self.norm_first(self.first(x)))
        return torch.relu(self.norm_second(self.second(x)) + kept)


class Trunk(nn.Module):
    """Cube float [N, 1, C, C, C] in body order, values 0..1 → body-part logits, uprightness, coordinates.

    coordinates: upper and lower end on the reference body and the extents along y and x, each scaled
    (see scale_coordinates). Trained beside the labels: what a series covers is what its label means.
    """

    def __init__(self, widths=(16, 24, 48, 96), dropout=0.3):
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.Sequential(nn.Conv3d(1, a, 5, 2, 2, bias=False), nn.BatchNorm3d(a), nn.ReLU(),
                                  nn.MaxPool3d(2))
        self.near = ResidualBlock(a, b, 1)
        self.middle = ResidualBlock(b, c, 2)
        self.far = ResidualBlock(c, d, 2)
        size = CUBE // 8
        self.profile = nn.Sequential(nn.Linear(c * size + b * 2 * size, 96), nn.ReLU())
        features = 96 + 2 * d
        self.dropout = nn.Dropout(dropout)
        self.body_part = nn.Linear(features, len(BODY_PARTS))
        self.upright = nn.Linear(features, 1)
        self.coordinates = nn.Linear(features, 4)

    def forward(self, cube):
        near = self.near(self.stem((cube - 0.4) * 2.5))
        middle = self.middle(near)
        far = self.far(middle)
        # Position along the body is kept: labels that overlap differ in what lies at either end.
        profile = torch.cat([near.mean((3, 4)).flatten(1), middle.mean((3, 4)).flatten(1)], 1)
        profile = self.profile(profile)
        features = torch.cat([profile, far.mean((2, 3, 4)), far.amax((2, 3, 4))], 1)
        features = self.dropout(features)
        return self.body_part(features), self.upright(features)[:, 0], self.coordinates(features)


class Coverage(nn.Module):
    """What the coordinates that a trunk reads say about the label: a Gaussian a label, weighed lightly.

    Fitted on the true coordinates of training series, widened by what a trunk gets wrong. A large weight is
    worse than none, since the coordinates err by 20 to 60 mm on unseen patients; the shipped bundle has none
    (docs/models/starter.md).
    """
    ERROR_MM = (40.0, 40.0, 80.0, 80.0)

    def __init__(self, labels, coordinates, weight):
        super().__init__()
        self.weight = weight
        count = len(BODY_PARTS)
        mean, precision, offset = np.zeros((count, 4)), np.zeros((count, 4, 4)), np.zeros(count)
        error = np.diag((np.array(self.ERROR_MM) / COORDINATE_SCALE) ** 2)
        for index in range(count):
            rows = scale_coordinates(coordinates[labels == index])
            # A label of which a fold has no series gets what its neighbours have on average.
            rows = rows if len(rows) > 8 else scale_coordinates(coordinates)
            spread = np.cov(rows.T) + error
            mean[index], precision[index] = rows.mean(0), np.linalg.inv(spread)
            offset[index] = -0.5 * np.linalg.slogdet(spread)[1]
        for name, value in (('mean', mean), ('precision', precision), ('offset', offset)):
            self.register_buffer(name, torch.from_numpy(value.astype(np.float32)))

    def forward(self, coordinates):
        away = coordinates[:, None, :] - self.mean
        square = (torch.matmul(away[:, :, None, :], self.precision)[:, :, 0] * away).sum(2)
        return self.weight * (self.offset - 0.5 * square)


class ContrastFeatures(nn.Module):
    """[N, 64, 56, 56] in 0..1 → physical features of enhancement, without any learned weight.

    Homogeneous cells (little range among neighbours) are blood, organs and muscle; bone is never
    homogeneous at this size, since its shell clips at 400 HU beside marrow and fat. Their brightness
    distribution gives the shares above 85, 110 and 140 HU.
    """
    LEVELS_HU = (85.0, 110.0, 140.0, 180.0)

    def forward(self, grid):
        grid = grid[:, None]
        smooth = functional.avg_pool3d(grid, 3, 1, 1, count_include_pad=False)
        high = functional.max_pool3d(grid, 3, 1, 1)
        low = -functional.max_pool3d(-grid, 3, 1, 1)
        hu = smooth * 1400 - 1000
        even = torch.sigmoid((150 - (high - low) * 1400) / 20)
        soft = even * torch.sigmoid((hu - 10) / 5)
        total = soft.sum((1, 2, 3, 4)) + 20.0
        shares = [(soft * torch.sigmoid((hu - level) / 6)).sum((1, 2, 3, 4)) / total for level in self.LEVELS_HU]
        return torch.log(torch.stack(shares, 1) + 0.003)


class ContrastHead(nn.Module):
    """Logistic on the features; weights are fitted by train.py, one logit for `yes` against zero for `no`."""

    def __init__(self):
        super().__init__()
        self.features = ContrastFeatures()
        count = len(ContrastFeatures.LEVELS_HU)
        self.register_buffer('centre', torch.zeros(count))
        self.register_buffer('weight', torch.zeros(count))
        self.register_buffer('bias', torch.zeros(1))

    def forward(self, grid):
        yes = ((self.features(grid) - self.centre) * self.weight).sum(1, keepdim=True) + self.bias
        return torch.cat([torch.zeros_like(yes), yes], 1)


class StarterNetwork(nn.Module):
    """uint8 [N, 1, 128, 224, 224] → logits and probabilities of body_part, axis and contrast."""

    def __init__(self, trunks, contrast, coverage=None):
        super().__init__()
        self.coverage = coverage
        self.trunks = nn.ModuleList(trunks)
        self.contrast = contrast
        for name, count in zip('dhw', TENSOR_SHAPE):
            self.register_buffer('pool_' + name, torch.from_numpy(pooling_matrix(count)))
        # Divides logits, so that the exported probabilities are calibrated: fitted by train.py.
        self.register_buffer('temperature', torch.ones(3))

    def cube(self, scaled):
        """[N, 1, 128, 224, 224] → stored-order cube [N, C, C, C], by area averages."""
        n, _, d, h, w = scaled.shape
        x = torch.matmul(self.pool_d, scaled.reshape(-1, d, h * w)).reshape(-1, CUBE * h, w)
        x = torch.matmul(x, self.pool_w.t()).reshape(-1, CUBE, h, CUBE)
        return torch.matmul(self.pool_h, x)

    def heads_of_cube(self, cube):
        views = torch.cat([cube.permute(0, *(1 + a for a in TO_BODY_ORDER[name])) for name in AXES])[:, None]
        body, upright = 0, 0
        for trunk in self.trunks:
            logits, score, coordinates = trunk(views)
            if self.coverage is not None:
                logits = torch.log_softmax(logits, 1) + self.coverage(coordinates)
            body = body + torch.log_softmax(logits, 1).reshape(3, -1, len(BODY_PARTS))
            upright = upright + score.reshape(3, -1)
        body, upright = body / len(self.trunks), upright / len(self.trunks)
        mixed = torch.log_softmax(upright, 0)[:, :, None] + torch.log_softmax(body, 2)
        return torch.logsumexp(mixed, 0) / self.temperature[0], upright.t() / self.temperature[1]

    def forward(self, volume):
        scaled = volume.float() / 255.0
        body, axis = self.heads_of_cube(self.cube(scaled))
        grid = functional.avg_pool3d(scaled, (2, 4, 4))[:, 0]
        contrast = self.contrast(grid) / self.temperature[2]
        return (body, torch.softmax(body, 1), axis, torch.softmax(axis, 1),
                contrast, torch.softmax(contrast, 1))


OUTPUTS = tuple(f'{task}_{kind}' for task in ('body_part', 'axis', 'contrast')
                for kind in ('logits', 'probabilities'))
