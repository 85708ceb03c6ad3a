"""A trained learner as a file that other programs load: safetensors of networks, skops of scikit-learn estimators.

Neither holds code, and al-bench loads neither. What the learner is, which classes it has and what its inputs are stands
in the file itself.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.learners.estimator_learner import FLOOR, EstimatorLearner
from al_bench.learners.learner import Learner
from al_bench.learners.torch_learner import TorchLearner


@dataclass(frozen=True)
class SavedLearner:
    """A learner as bytes.

    Args:
        ending: Of the file: safetensors or skops.
        content: Its bytes.
        types: Of a skops file, the types that whoever loads it has to name as trusted.
    """

    ending: str
    content: bytes
    types: tuple[str, ...] = ()


def saved_learner(learner: Learner, dataset: Dataset, settings: Mapping[str, str]) -> SavedLearner | None:
    """A trained learner as a file; None where it has no state that can be stored.

    A safetensors file holds `member-M.NAME` for the parameters of network M, and `mean` and `std` where
    `Dataset.prepare` uses them; its metadata hold `classes` (a JSON list), of a table `columns` (a JSON list: what the
    cells of each become, see `ColumnCode`), the model's and the encoder's settings. The mean prediction is that of the
    members; functions drawn by dropout or Laplace are not in it.

    Args:
        learner: Trained.
        dataset: What it was trained on.
        settings: Resolved keys of the configuration.

    Raises:
        InputError: the package that writes the file is not installed.
    """
    if isinstance(learner, EstimatorLearner):
        return _skops(learner, dataset, settings)
    states = [network.state_dict() for network in learner.networks] if isinstance(learner, TorchLearner) else None
    states = learner.state() if states is None else states
    if states is None:
        return None
    try:
        from safetensors.torch import save
    except ImportError as error:
        raise InputError("--predict saves the learner with safetensors: pip install 'al-bench[save]'") from error
    tensors = {
        f"member-{number}.{name}": value.detach().cpu().contiguous().clone()
        for number, state in enumerate(states)
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
    tensors |= {name: value.cpu() for name, value in _moments(dataset).items()}
    facts = {"classes": json.dumps(list(dataset.class_names)), "inputs": _inputs(dataset), **settings}
    if columns := _columns(dataset):
        facts["columns"] = json.dumps(columns, ensure_ascii=False)
    return SavedLearner("safetensors", save(tensors, metadata=facts))


def _moments(dataset: Dataset) -> dict[str, Tensor]:
    """What `Dataset.prepare` subtracts and divides by, where it does."""
    both = {"mean": dataset.mean, "std": dataset.std}
    return {name: value.contiguous() for name, value in both.items() if value is not None}


def _columns(dataset: Dataset) -> list[dict[str, Any]]:
    """What the cells of each column of a table become; empty where an encoder made the inputs, or they are no table."""
    return [] if dataset.encoding is not None else [asdict(code) for code in dataset.column_codes]


def _inputs(dataset: Dataset) -> str:
    """What a row of inputs is, in words."""
    shape = "x".join(map(str, dataset.shape))
    if _columns(dataset):
        return f"the columns of a table, as columns says [{shape}]"
    what = "inputs" if dataset.encoding is None else "an encoder's features"
    if dataset.encoding is not None and dataset.encoding.tokens:
        return f"token ids, then 1 where there is a token and 0 behind the text [{shape}]"
    return f"{what} [{shape}]; bytes are divided by 255, then mean is subtracted and divided by std where they are here"


def _skops(learner: EstimatorLearner, dataset: Dataset, settings: Mapping[str, str]) -> SavedLearner:
    """The fitted estimators, each with the classes of its columns."""
    try:
        import skops.io
    except ImportError as error:
        raise InputError(
            "--predict saves scikit-learn's estimators with skops: pip install 'al-bench[save]'"
        ) from error
    names = list(dataset.class_names)
    content = {
        "members": [
            {"estimator": fitted.estimator, "classes": [names[number] for number in fitted.present.tolist()]}
            for fitted in learner.fitted
        ],
        "classes": names,
        "floor": FLOOR,
        "inputs": _inputs(dataset),
        "columns": _columns(dataset),
        "settings": dict(settings),
        **{name: value.cpu().numpy() for name, value in _moments(dataset).items()},
    }
    data: Any = skops.io.dumps(content)
    types = skops.io.get_untrusted_types(data=io.BytesIO(data).getvalue())
    return SavedLearner("skops", data, tuple(sorted(types)))
