"""Small data sets to encode."""

from __future__ import annotations

import torch

from al_bench.data.dataset import Dataset
from al_bench.data.texts import Texts

WORDS = ("goal match team win league", "market shares bank profit trade", "court law judge trial appeal")


def text_dataset(count: int = 30, test: int = 9, start: int = 0) -> Dataset:
    """Texts of three topics, of several lengths, each different."""
    texts = [
        f"{WORDS[number % 3]} {WORDS[number % 3].split()[number % 5]} item{number} " * (1 + number % 4)
        for number in range(start, start + count + test)
    ]
    labels = torch.tensor([number % 3 for number in range(count + test)])
    return Dataset(
        "topics", Texts(texts[:count]), labels[:count], Texts(texts[count:]), labels[count:], ("sport", "money", "law")
    )


def image_dataset(count: int = 10, test: int = 4, channels: int = 3, seed: int = 0, side: int = 12) -> Dataset:
    """Random images of bytes."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count + test, channels, side, side), generator=generator).to(torch.uint8)
    labels = torch.arange(count + test) % 2
    return Dataset("noise", images[:count], labels[:count], images[count:], labels[count:], ("no", "yes"))
