"""The fixed rows of a benchmark's data sets, as arrays that all runs read.

Of the training part the first P rows of a seeded permutation are the pool, of the test part the first T of another the
test. Frozen features are computed of these rows alone, standardised by the pool, reduced to the pool's first principal
components where the protocol says so, and rounded to 4 decimals, so that the last bits of another machine's products
seldom matter. Images without an encoder are pixels in [0, 1].
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from al_bench.benchmark.protocol import BenchmarkData, Protocol
from al_bench.conditions.rows import take_inputs, take_training
from al_bench.config.compose import compose, register
from al_bench.data.dataset import Dataset
from al_bench.data.encoders.encoder import NoEncoder
from al_bench.errors import InputError
from al_bench.experiment.own_components import encode_checked, load_checked
from al_bench.storage.files import atomic_write

Floats = NDArray[np.float64]
DECIMALS = 4


def pool_file(protocol: Protocol, name: str, folder: Path) -> Path:
    """The arrays of a data set, made where they are missing.

    Args:
        protocol: Which one.
        name: The data set's.
        folder: Where arrays are kept.

    Raises:
        InputError: The data are missing, or have fewer rows than the protocol takes.
    """
    path = folder / protocol.version / f"{name}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"al-bench benchmark: making the arrays of {name}, once", file=sys.stderr, flush=True)
        write_arrays(arrays(protocol.datasets[name], name, protocol.pool_seed), path)
    return path


def write_arrays(content: dict[str, NDArray[np.generic]], path: Path) -> None:
    """Write an .npz file, all of it or nothing."""
    with atomic_write(path, shared=True) as file:
        np.savez_compressed(file, **content)  # type: ignore[arg-type]


def class_count(path: Path) -> int:
    """The number of classes of a data set's arrays."""
    with np.load(path, allow_pickle=False) as content:
        return len(content["class_names"])


def arrays(data: BenchmarkData, name: str, seed: int) -> dict[str, NDArray[np.generic]]:
    """The arrays of a data set: x, y, x_test, y_test and class_names.

    Args:
        data: What the protocol says of it.
        name: For messages.
        seed: Of the permutations.

    Raises:
        InputError: The data are missing, or have fewer rows than the protocol takes.
    """
    register()
    run = compose([*data.data, *data.encoder]).build()
    raw = load_checked(run.dataset, run.cache, (), False)
    dataset = fixed_rows(raw, data.pool, data.test, seed, name)
    if not isinstance(run.encoder, NoEncoder):
        dataset = encode_checked(run.encoder, dataset, torch.device("cpu"), run.cache)
    x, x_test = (numbers(dataset, part) for part in (dataset.inputs, dataset.test_inputs))
    if data.components is not None:
        x, x_test = principal(x, x_test, data.components)
    return {
        "x": x.round(DECIMALS).astype(np.float32),
        "y": dataset.hidden_labels.numpy(),
        "x_test": x_test.round(DECIMALS).astype(np.float32),
        "y_test": dataset.test_labels.numpy(),
        "class_names": np.array(dataset.class_names),
    }


def fixed_rows(dataset: Dataset, pool: int, test: int, seed: int, name: str) -> Dataset:
    """A data set with the first rows of a permutation of each part.

    Raises:
        InputError: It has fewer rows.
    """
    chosen: list[NDArray[np.int64]] = []
    for part, asked, there in (("pool", pool, dataset.size), ("test", test, len(dataset.test_labels))):
        if there < asked:
            raise InputError(f"{name}: {part} asks for {asked} rows and there are {there}; is it the data set meant?")
        chosen.append(np.random.default_rng([seed, len(chosen)]).permutation(there)[:asked])
    rows, test_rows = chosen
    smaller = take_training(dataset, rows)
    return replace(
        smaller,
        test_inputs=take_inputs(dataset.test_inputs, test_rows),
        test_labels=dataset.test_labels[torch.from_numpy(test_rows)],
        test_origins=None if dataset.test_origins is None else dataset.test_origins[test_rows],
    )


def numbers(dataset: Dataset, inputs: object) -> Floats:
    """[n, D] the inputs of a part as numbers: pixels in [0, 1], columns and features as they are prepared."""
    values = inputs[:] if isinstance(inputs, torch.Tensor) else torch.as_tensor(np.asarray(inputs[:]))  # type: ignore[index]
    if values.dtype == torch.uint8:
        return (values.flatten(1).double() / 255).numpy()
    return dataset.prepare(values).flatten(1).double().numpy()


def principal(x: Floats, x_test: Floats, components: int) -> tuple[Floats, Floats]:
    """The first principal components of x [N, D], and the same directions of x_test: [N, k] and [T, k].

    Each direction's sign is such that its largest coordinate in size is positive, so that it is the same everywhere.
    """
    mean = x.mean(0)
    values, directions = np.linalg.eigh(np.cov(x - mean, rowvar=False))
    chosen = directions[:, np.argsort(values)[::-1][:components]]
    signs = np.sign(chosen[np.abs(chosen).argmax(0), np.arange(chosen.shape[1])])
    return (x - mean) @ (chosen * signs), (x_test - mean) @ (chosen * signs)


def default_folder() -> Path:
    """Where arrays are kept unless it is said otherwise: beside what runs share."""
    import platformdirs

    chosen = os.environ.get("AL_BENCH_CACHE", "")
    if chosen and chosen.strip().lower() not in ("off", "none", "null", "false"):
        return Path(chosen).expanduser() / "benchmark"
    return Path(platformdirs.user_cache_dir("al-bench", appauthor=False)) / "benchmark"
