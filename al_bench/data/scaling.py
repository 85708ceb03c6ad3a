"""Mean and standard deviation of a training part; only inputs are read, never labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler


def channel_moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and (population) standard deviation by channel, as `Dataset.mean` and `Dataset.std` expect them.

    Bytes are counted, so that the result is exact and no float copy is made, and are given on the scale [0, 1].
    A constant channel gets the standard deviation 1.

    Args:
        images: [N, C, H, W], uint8 or floating point.

    Returns:
        mean [C, 1, 1] and std [C, 1, 1], float32.
    """
    means, deviations = [], []
    for channel in images.unbind(1):
        if images.dtype == torch.uint8:
            counts = torch.bincount(channel.reshape(-1), minlength=256).to(torch.float64)
            values = torch.arange(256, dtype=torch.float64) / 255
            mean = (counts * values).sum() / counts.sum()
            variance = (counts * (values - mean).square()).sum() / counts.sum()
        else:
            exact = channel.to(torch.float64)
            mean, variance = exact.mean(), exact.var(correction=0)
        means.append(float(mean))
        deviations.append(float(variance.sqrt()))
    mean_by_channel = np.array(means)
    return per_channel(mean_by_channel), per_channel(nonzero_std(np.array(deviations), mean_by_channel))


def standardise(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x − mean) / std by column with the training part's mean and (population) standard deviation.

    A constant column becomes 0. Computed in float64: a column like a time stamp would lose its digits in float32.

    Args:
        train: [N, D].
        test: [T, D].

    Returns:
        [N, D] and [T, D] float32.
    """
    scaler = column_scaler(train)
    scaled, scaled_test = (scaler.transform(part.astype(np.float64)).astype(np.float32) for part in (train, test))
    return scaled, scaled_test


def column_scaler(train: np.ndarray) -> StandardScaler:
    """What takes the mean of each column [N, D] off it and divides by its standard deviation; 1 for a constant one."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(train.astype(np.float64))


def nonzero_std(std: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The standard deviations [D], with 1 in place of one that is zero up to rounding."""
    return np.where(std <= 1e-12 * np.maximum(np.abs(mean), 1e-300), 1.0, std)


def per_channel(values: np.ndarray) -> Tensor:
    """[C] numbers as a float32 tensor [C, 1, 1], which broadcasts over images [N, C, H, W]."""
    return torch.from_numpy(values.astype(np.float32)).reshape(-1, 1, 1)
