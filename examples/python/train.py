"""Trains a small network on an export, to show how: it learns nothing that is of use.

    python3 examples/python/train.py COHORT --task axis --part train --test test
"""
import argparse

import torch
from torch import nn

from cohort_dataset import CLASSES, CohortDataset


def make_network(classes):
    """Logits of [batch, 1, slice, row, column]; any size."""
    return nn.Sequential(
        nn.AvgPool3d(4),
        nn.Conv3d(1, 8, 3, stride=2), nn.ReLU(),
        nn.Conv3d(8, 16, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(16, classes),
    )


def train_epoch(network, loader, optimizer):
    """Mean loss of the units of one pass."""
    total = 0.0
    for tensors, labels in loader:
        loss = nn.functional.cross_entropy(network(tensors), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


@torch.no_grad()
def accuracy(network, loader):
    right = sum((network(tensors).argmax(1) == labels).sum().item() for tensors, labels in loader)
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('cohort', help='folder of serieswise export --format webdataset')
    parser.add_argument('--task', choices=list(CLASSES), default='axis')
    parser.add_argument('--part', default='all', help='part to train on; all where the export was not split')
    parser.add_argument('--test', help='part to measure on')
    parser.add_argument('--epochs', type=int, default=1)
    parser.add_argument('--batch', type=int, default=2)
    options = parser.parse_args()
    torch.manual_seed(1)
    dataset = CohortDataset(options.cohort, options.task, options.part)
    loader = torch.utils.data.DataLoader(dataset, options.batch, shuffle=True)
    network = make_network(CLASSES[options.task])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for epoch in range(1, options.epochs + 1):
        print(f'epoch {epoch}: {len(dataset)} units, loss {train_epoch(network, loader, optimizer):.4f}')
    if options.test is not None:
        held_out = CohortDataset(options.cohort, options.task, options.test)
        measured = accuracy(network, torch.utils.data.DataLoader(held_out, options.batch))
        print(f'{options.test}: {len(held_out)} units, accuracy {measured:.4f}')


if __name__ == '__main__':
    main()
