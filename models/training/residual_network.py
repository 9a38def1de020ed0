"""The paper's network: a 3-D ResNet-50 of one channel, one network a task (Li et al. 2024).

The paper names the architecture and no more. What it leaves open is fixed here: bottlenecks 3-4-6-3 with an
expansion of 4 and the stride on the 3x3x3 convolution, a 7x7x7 stem of stride 2 and a 3x3x3 maximum of stride 2,
batch normalisation, Kaiming weights. 46 M parameters at width 64; a smaller width is for tests.
"""
import torch
from torch import nn

BLOCKS = (3, 4, 6, 3)
EXPANSION = 4
PAPER_WIDTH = 64


def convolution(inputs, outputs, size, stride=1):
    return nn.Sequential(nn.Conv3d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm3d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = width * EXPANSION
        self.narrow = convolution(inputs, width, 1)
        self.across = convolution(width, width, 3, stride)
        self.widen = convolution(width, outputs, 1)
        self.short = None
        if stride != 1 or inputs != outputs:
            self.short = convolution(inputs, outputs, 1, stride)

    def forward(self, x):
        kept = x if self.short is None else self.short(x)
        x = torch.relu(self.across(torch.relu(self.narrow(x))))
        return torch.relu(self.widen(x) + kept)


class ResNet50(nn.Module):
    """float [N, 1, D, H, W] in 0..1 → logits [N, labels]."""

    def __init__(self, labels, width=PAPER_WIDTH):
        super().__init__()
        layers = [convolution(1, width, 7, 2), nn.ReLU(), nn.MaxPool3d(3, 2, 1)]
        inputs = width
        for stage, count in enumerate(BLOCKS):
            for k in range(count):
                layers.append(Bottleneck(inputs, width << stage, 2 if stage and k == 0 else 1))
                inputs = (width << stage) * EXPANSION
        self.features = nn.Sequential(*layers)
        self.classes = nn.Linear(inputs, labels)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, scaled):
        return self.classes(self.features(scaled).mean((2, 3, 4)))


class SingleTaskNetwork(nn.Module):
    """uint8 [N, 1, 128, 224, 224] → logits and probabilities of one task: what a bundle's graph is."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, volume):
        logits = self.network(volume.float() / 255.0)
        return logits, torch.softmax(logits, 1)
