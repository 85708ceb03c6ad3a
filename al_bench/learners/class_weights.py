"""`training.class_weights`: what an error on a point of each class counts.

Letters: L labelled points, C classes, n_c labelled points of class c.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

ALLOWED = "none, balanced, or weights above 0 by class name, as in 'training.class_weights={spam: 5}'"


def check_class_weights(value: Any) -> None:
    """Refuse a value that is none of those allowed.

    Raises:
        InputError: naming it.
    """
    if value is None or value in ("none", "balanced"):
        return
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"training.class_weights is {value!r}; it must be {ALLOWED}")
    for name, weight in value.items():
        number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not number or not 0 < weight < math.inf:
            raise InputError(f"training.class_weights.{name} is {weight!r}; it must be a finite number above 0")


def check_class_names(value: Any, names: Sequence[str]) -> None:
    """Refuse weights of classes that there are not.

    Raises:
        InputError: naming the class and those that there are.
    """
    for name in value if isinstance(value, Mapping) else ():
        if str(name) not in names:
            near = difflib.get_close_matches(str(name), names, n=3) or list(names[:8])
            more = ", …" if len(near) < len(names) else ""
            raise InputError(
                f"training.class_weights names {str(name)!r}, which is no class; classes: {', '.join(near)}{more}"
            )


def class_weights(value: Any, labels: Tensor, names: Sequence[str]) -> Tensor | None:
    """[C] float32 the weight of each class; None where all weigh the same.

    balanced: L / (K n_c) for the K classes that have a labelled point, so that these weigh the same in all and the mean
    weight of a point is 1; 1 for the others. By name: the weights given, and 1 for each class that is not named.

    Args:
        value: Of the key.
        labels: [L] int64, of the labelled points.
        names: The C classes.
    """
    import torch

    if value is None or value == "none":
        return None
    if value == "balanced":
        counts = torch.bincount(labels, minlength=len(names)).double()
        present = counts > 0
        weights = torch.where(present, len(labels) / (present.sum() * counts.clamp_min(1)), 1.0)
        return weights.float()
    by_name = {str(name): float(weight) for name, weight in value.items()}
    return torch.tensor([by_name.get(name, 1.0) for name in names], device=labels.device)
