"""The shapes in which a user's arrays may come, and how each is read: inputs [N, D] or [N, C, H, W], labels [N]."""

from __future__ import annotations

from enum import Enum

import numpy as np

from al_bench.errors import InputError

CHANNELS = (1, 3, 4)
"""Lengths of an axis that `Layout.auto` takes for the channels: grey, colours, colours with transparency."""


class Layout(Enum):
    """Where the channels of [N, ·, ·, ·] images are."""

    auto = "auto"
    channels_first = "channels_first"
    channels_last = "channels_last"


def view_inputs(where: str, inputs: np.ndarray, layout: Layout) -> np.ndarray:
    """A view of the inputs with the channels of images first.

    Args:
        where: The array's name in messages.
        inputs: [N, D], [N, H, W], [N, C, H, W] or [N, H, W, C], of any type of real numbers.
        layout: Which axis of four holds the channels.

    Returns:
        [N, D] or [N, C, H, W].

    Raises:
        InputError: The array does not hold numbers, has another shape, or has no axis that must be the channels.
    """
    if inputs.dtype.kind not in "buif":
        text = inputs.dtype.kind in "SU"
        advice = "; write columns of text as a table, DataFrame.to_csv, and use dataset=csv" if text else ""
        what = "text" if text else str(inputs.dtype)
        raise InputError(f"{where} holds {what}; real numbers are expected{advice}")
    if inputs.ndim not in (2, 3, 4) or 0 in inputs.shape:
        raise InputError(f"{where} has the shape {inputs.shape}; [N, D], [N, H, W] or images with channels expected")
    if inputs.ndim == 3:
        return inputs[:, None]
    return _channels_first(where, inputs, layout) if inputs.ndim == 4 else inputs


def _channels_first(where: str, images: np.ndarray, layout: Layout) -> np.ndarray:
    first, last = images.shape[1] in CHANNELS, images.shape[3] in CHANNELS
    if layout is Layout.auto and first == last:
        what = "either the second or the last axis may be the channels" if first else "no axis can be the channels"
        raise InputError(
            f"{where} has the shape {images.shape}: {what}; set dataset.layout to channels_first or channels_last"
        )
    is_first = layout is Layout.channels_first or (layout is Layout.auto and first)
    return images if is_first else images.transpose(0, 3, 1, 2)


def view_labels(where: str, labels: np.ndarray, rows: int) -> np.ndarray:
    """The labels as one axis, bytes decoded to text.

    Args:
        where: The array's name in messages.
        labels: [N] or [N, 1] whole numbers, words or truth values.
        rows: N, the number of inputs.

    Returns:
        [N] labels; NaN where there is none.

    Raises:
        InputError: The array has another shape or length, or holds something that is no class label.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise InputError(f"{where} has the shape {labels.shape}; [N] class labels are expected (not one-hot)")
    if len(labels) != rows:
        raise InputError(f"{where} has {len(labels)} labels for {rows} inputs; they must be as many")
    if labels.dtype.kind not in "buifSU":
        raise InputError(f"{where} holds {labels.dtype}; whole numbers or words are expected")
    if labels.dtype.kind == "f" and not (whole := np.isnan(labels) | (np.round(labels) == labels)).all():
        row = int(whole.argmin())
        raise InputError(f"{where}, row {row}: {labels[row]} is no class label; whole numbers or words are expected")
    if labels.dtype.kind == "U":
        return _checked_text(where, labels)
    if labels.dtype.kind != "S":
        return labels
    try:
        return np.char.decode(labels, "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where} holds bytes that are not UTF-8 ({error.object[:20]!r}); write text: "
            "numpy.char.decode(labels, 'latin-1')"
        ) from error


def _checked_text(where: str, texts: np.ndarray) -> np.ndarray:
    """[N] texts as they are, none of which holds a code that no character has.

    Raises:
        InputError: One does, as in a damaged file; nothing could print or record it.
    """
    codes = np.ascontiguousarray(texts.astype(texts.dtype.newbyteorder("="))).view(np.uint32).reshape(len(texts), -1)
    wrong = (codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        raise InputError(
            f"{where}, row {row}: its text has the code {codes[row][wrong[row]][0]:#x}, which is no character"
        )
    return texts


def first_row_beyond_float32(values: np.ndarray) -> int | None:
    """The first row of [N, ...] with a value that is NaN, infinite or beyond float32; None if there is none."""
    if values.dtype.kind != "f":
        return None
    within = np.abs(values) <= np.finfo(np.float32).max  # NaN is not
    rows = within.reshape(len(values), -1).all(axis=1)
    return None if rows.all() else int(rows.argmin())
