"""Images as a pretrained network expects them: their size, three channels, and the scale of its own training."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ImageInput(nn.Module):
    """[n, 1 or 3, H, W] in [0, 1] to [n, 3, S, S]: resized (bicubic, antialiased), grey repeated, (x − mean) / std.

    Args:
        size: S, pixels a side.
        mean, std: Of the three channels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: int, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """[n, 1 or 3, H, W] to [n, 3, S, S]."""
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        if images.shape[2:] != (self.size, self.size):
            images = nn.functional.interpolate(images, (self.size, self.size), mode="bicubic", antialias=True)
            images = images.clamp(0, 1)
        return (images - self.mean) / self.std
