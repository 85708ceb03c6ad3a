"""Texts by the words that they hold: tf-idf, sparse, without a network or a download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from al_bench import checks
from al_bench.data.encoders.encoder import Encoder, Workspace
from al_bench.data.encoding import DIMENSIONS, Encoding, digest_of
from al_bench.errors import InputError
from al_bench.storage import cache, features
from al_bench.storage.environment import package_versions

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.data.sparse import SparseRows

KIND = "tfidf"
REVISION = 1


@dataclass
class Tfidf(Encoder):
    """tf-idf(t, x) = tf(t, x) · (1 + ln((1 + N) / (1 + df(t)))), each text scaled to length 1.

    tf is the number of times a term t is in a text x, or 1 + its logarithm; df is the number of the N texts of the
    training part that have it. Terms are words of two characters or more, and neighbouring words. The terms and df are
    those of the training part, its labels unseen.

    Args:
        ngram_min, ngram_max: Words of a term, from and to.
        min_df: The fewest texts that a term must be in.
        max_features: The most terms, those that are most frequent; null takes all.
        sublinear: Whether tf is 1 + ln(count), in the place of the count.
    """

    ngram_min: int = 1
    ngram_max: int = 2
    min_df: int = 2
    max_features: int | None = 20_000
    sublinear: bool = True

    def __post_init__(self) -> None:
        for key in ("ngram_min", "min_df"):
            checks.at_least(f"encoder.{key}", getattr(self, key), 1)
        checks.at_least("encoder.ngram_max", self.ngram_max, self.ngram_min, ", which encoder.ngram_min is")
        if self.max_features is not None:
            checks.at_least("encoder.max_features", self.max_features, 1, ", or null")

    def encode(self, dataset: Dataset, workspace: Workspace) -> Dataset:
        from al_bench.data.texts import Texts

        train, test = dataset.inputs, dataset.test_inputs
        if not isinstance(train, Texts) or not isinstance(test, Texts):
            shape = "×".join(map(str, dataset.shape))
            raise InputError(
                f"encoder=tfidf reads texts, and {dataset.name} has inputs of shape {shape}; choose encoder=none"
            )
        facts = {
            "encoder": f"{type(self).__module__}.{type(self).__qualname__}",
            "revision": REVISION,
            "versions": package_versions(("scikit-learn", "scipy", "numpy")),
        }
        key = cache.key({"facts": facts, "settings": asdict(self), "data": dataset.fingerprint()})
        folder = workspace.cache
        if folder is None:
            parts, cached = self._fit(list(train), list(test), dataset.name), None
        else:
            store = cache.Cache(folder / features.FOLDER)
            with store.hold(KIND, key):
                stored = from_tensors(store.load(KIND, key), (len(train), len(test)))
                parts = stored or self._fit(list(train), list(test), dataset.name)
                if stored is None:
                    store.store(KIND, key, as_tensors(parts))
            cached = (len(train) + len(test)) if stored else 0
        encoding = Encoding(
            dataset.fingerprint(),
            digest_of(parts),
            parts[0].shape[1],
            facts,
            self._remarks(parts),
            points=len(train) + len(test),
            cached=cached,
        )
        return replace(dataset, inputs=parts[0], test_inputs=parts[1], mean=None, std=None, encoding=encoding)

    def describe(self, dataset: Dataset, workspace: Workspace) -> str:
        encoded = self.encode(dataset, workspace)
        assert encoded.encoding is not None
        return "; ".join([f"{encoded.encoding.dimension:,} terms of the training part", *encoded.encoding.remarks])

    def _fit(self, train: list[str], test: list[str], name: str) -> tuple[SparseRows, SparseRows]:
        """The tf-idf of both parts, by the terms of the training part."""
        from scipy.sparse import csr_matrix
        from sklearn.feature_extraction.text import TfidfVectorizer

        from al_bench.data.sparse import sorted_rows

        vectorizer = TfidfVectorizer(
            ngram_range=(self.ngram_min, self.ngram_max),
            min_df=self.min_df,
            max_features=self.max_features,
            sublinear_tf=self.sublinear,
            dtype=np.float32,
        )
        try:
            trained = sorted_rows(vectorizer.fit_transform(train))
            others = vectorizer.transform(test) if test else csr_matrix((0, trained.shape[1]), dtype=np.float32)
            return trained, sorted_rows(others)
        except ValueError as error:  # no term is left
            raise InputError(
                f"encoder=tfidf finds no term in the {len(train):,} training texts of {name} that is in at least "
                f"{self.min_df} of them; lower encoder.min_df"
            ) from error

    @staticmethod
    def _remarks(parts: tuple[SparseRows, SparseRows]) -> tuple[str, ...]:
        """What a reader must know of the features."""
        remarks = []
        if parts[0].shape[1] > DIMENSIONS:
            remarks.append(f"strategies that need dense features get a truncated SVD of {DIMENSIONS} dimensions")
        empty = [int((np.diff(part.csr.indptr) == 0).sum()) for part in parts]
        if any(empty):
            remarks.append(f"{empty[0]:,} training and {empty[1]:,} test texts hold no known term and are all zeros")
        return tuple(remarks)


def as_tensors(parts: tuple[SparseRows, SparseRows]) -> dict[str, Any]:
    """Both parts as the cache can store them."""
    import torch

    stored: dict[str, Any] = {"dimension": parts[0].shape[1]}
    for name, part in zip(("train", "test"), parts, strict=True):
        stored[name] = {
            "starts": torch.from_numpy(part.csr.indptr.astype(np.int64)),
            "columns": torch.from_numpy(part.csr.indices.astype(np.int64)),
            "values": torch.from_numpy(part.csr.data.astype(np.float32)),
        }
    return stored


def from_tensors(stored: Any, rows: tuple[int, int]) -> tuple[SparseRows, SparseRows] | None:
    """Both parts from what the cache gave; None where it gave nothing, or something else."""
    from scipy import sparse

    from al_bench.data.sparse import sorted_rows

    if not isinstance(stored, Mapping):
        return None
    try:
        parts = []
        for name, count in zip(("train", "test"), rows, strict=True):
            part = stored[name]
            matrix = sparse.csr_matrix(
                (part["values"].numpy(), part["columns"].numpy(), part["starts"].numpy()),
                shape=(count, int(stored["dimension"])),
            )
            matrix.check_format(full_check=True)
            parts.append(sorted_rows(matrix))
    except Exception:  # an entry of other content than this code writes: whatever its use raises
        return None
    return parts[0], parts[1]
