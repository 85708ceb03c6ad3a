"""Checks that several models share, in the words of the configuration."""

from __future__ import annotations

from al_bench.errors import InputError


def probability(key: str, value: float) -> None:
    """Raises InputError unless 0 <= value < 1.

    Args:
        key: The key as the user types it, such as model.dropout_dense.
        value: Its value.
    """
    if not 0 <= value < 1:
        raise InputError(f"{key} is {value}; it must be at least 0 (no dropout) and below 1")


def sizes(key: str, values: list[int], least: int = 1) -> None:
    """Raises InputError unless there are at least `least` values and each is a positive whole number."""
    if len(values) < least or any(value < 1 for value in values):
        raise InputError(f"{key} is {list(values)}; it must be a list of at least {least} whole numbers above 0")


def image(model: str, shape: tuple[int, ...], smallest: int = 1) -> int:
    """The number of channels of an image shape.

    Args:
        model: The model's name in the message.
        shape: The shape of one input, [channels, height, width] for an image.
        smallest: The fewest pixels of height and of width that leave something after the last pooling.

    Raises:
        InputError: the inputs are not images, or too small for this model.
    """
    if len(shape) != 3:
        raise InputError(
            f"model={model} takes images [channels, height, width], but the dataset's inputs have shape "
            f"{list(shape)}; use model=mlp, which takes any shape"
        )
    channels, height, width = shape
    if min(height, width) < smallest:
        raise InputError(
            f"model={model} takes images of at least {smallest} x {smallest} pixels, but the dataset's have "
            f"{height} x {width}; use model=mlp or model=resnet_small, which take any size"
        )
    return channels
