"""tf-idf equals its formula, is fitted on the training part alone, and is computed once."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoders.reduced import truncated_svd
from al_bench.data.encoders.tfidf import Tfidf
from al_bench.data.sparse import SparseRows
from al_bench.data.texts import Texts
from al_bench.errors import InputError
from tests.data.encoders.datasets import image_dataset, text_dataset


def literal(train: list[str], texts: list[str], least: int, longest: int, sublinear: bool) -> np.ndarray:
    """tf · (1 + ln((1 + N) / (1 + df))), rows scaled to length 1, from the definition."""

    def terms(text: str) -> list[str]:
        words = [word for word in text.lower().split() if len(word) > 1]
        return [" ".join(words[at : at + n]) for n in range(1, longest + 1) for at in range(len(words) - n + 1)]

    document = Counter(term for text in train for term in set(terms(text)))
    vocabulary = sorted(term for term, count in document.items() if count >= least)
    rows = []
    for text in texts:
        counts = Counter(terms(text))
        row = []
        for term in vocabulary:
            tf = counts[term]
            tf = (1 + math.log(tf)) if sublinear and tf else tf
            row.append(tf * (1 + math.log((1 + len(train)) / (1 + document[term]))))
        length = math.sqrt(sum(value * value for value in row))
        rows.append([value / length if length else 0.0 for value in row])
    return np.array(rows)


@pytest.mark.parametrize("sublinear", [True, False], ids=["sublinear", "counts"])
@pytest.mark.parametrize("longest", [1, 2], ids=["words", "pairs"])
def test_it_is_the_formula_with_the_training_parts_terms(sublinear, longest):
    data = text_dataset()
    train, test = list(data.inputs), list(data.test_inputs)
    encoded = Tfidf(ngram_max=longest, min_df=2, sublinear=sublinear).encode(data, Workspace())
    assert isinstance(encoded.inputs, SparseRows)
    assert np.allclose(encoded.inputs[:], literal(train, train, 2, longest, sublinear), atol=1e-6)
    assert np.allclose(encoded.test_inputs[:], literal(train, test, 2, longest, sublinear), atol=1e-6)


def test_labels_names_and_the_fingerprint_of_the_texts_stay():
    data = text_dataset()
    encoded = Tfidf().encode(data, Workspace())
    assert encoded.fingerprint() == data.fingerprint()
    assert encoded.class_names == data.class_names
    assert torch.equal(encoded.hidden_labels, data.hidden_labels)
    assert encoded.encoding.dimension == encoded.inputs.shape[1]


def test_the_cached_features_equal_those_computed_anew_bit_for_bit(tmp_path):
    data = text_dataset()
    anew = Tfidf().encode(data, Workspace())
    first = Tfidf().encode(data, Workspace(cache=tmp_path))
    again = Tfidf().encode(data, Workspace(cache=tmp_path))
    assert (first.encoding.cached, again.encoding.cached) == (0, 39)
    for part in ("inputs", "test_inputs"):
        assert torch.equal(getattr(again, part)[:], getattr(anew, part)[:])
    assert again.encoding.digest == first.encoding.digest == anew.encoding.digest


def test_other_settings_or_texts_are_another_entry(tmp_path):
    place = Workspace(cache=tmp_path)
    digests = {
        encoder.encode(data, place).encoding.digest
        for encoder in (Tfidf(), Tfidf(sublinear=False), Tfidf(max_features=5))
        for data in (text_dataset(), text_dataset(start=1))
    }
    assert len(digests) == 6


def test_a_damaged_entry_is_made_anew(tmp_path):
    place = Workspace(cache=tmp_path)
    first = Tfidf().encode(text_dataset(), place)
    for path in tmp_path.rglob("*.pt"):
        path.write_bytes(path.read_bytes()[:-7])
    again = Tfidf().encode(text_dataset(), place)
    assert (again.encoding.digest, again.encoding.cached) == (first.encoding.digest, 0)


def test_texts_without_a_known_term_are_zeros_and_are_counted():
    data = text_dataset()
    texts = Texts([*list(data.inputs)[:-1], ""])
    data = Dataset("topics", texts, data.hidden_labels, data.test_inputs, data.test_labels, data.class_names)
    encoded = Tfidf().encode(data, Workspace())
    assert float(encoded.inputs[-1].abs().sum()) == 0
    assert "1 training and 0 test texts hold no known term and are all zeros" in encoded.encoding.remarks


def test_images_and_texts_without_a_common_term_are_refused():
    with pytest.raises(InputError, match="encoder=tfidf reads texts, and noise has inputs of shape 3×12×12"):
        Tfidf().encode(image_dataset(), Workspace())
    with pytest.raises(InputError, match="finds no term in the 30 training texts of topics that is in at least 31"):
        Tfidf(min_df=31).encode(text_dataset(), Workspace())


@pytest.mark.parametrize(
    "keys", [{"ngram_min": 0}, {"ngram_max": 0}, {"min_df": 0}, {"max_features": 0}], ids=lambda keys: next(iter(keys))
)
def test_keys_out_of_range_are_refused(keys):
    with pytest.raises(InputError, match=f"encoder.{next(iter(keys))}"):
        Tfidf(**keys)


def test_reduced_features_are_the_leading_singular_directions_and_are_stored(tmp_path):
    rows = Tfidf(min_df=1).encode(text_dataset(60), Workspace()).inputs
    reduced = truncated_svd(rows, tmp_path, dimensions=40)
    assert reduced.shape == (60, 40)
    matrix = rows[:].double().numpy()
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    best = (left[:, :40] * values[:40] ** 2) @ left[:, :40].T  # of all products of 40 dimensions, the nearest to X Xᵀ
    product = matrix @ matrix.T
    lost = np.linalg.norm(reduced.double().numpy() @ reduced.double().numpy().T - product)
    assert lost < 1.1 * np.linalg.norm(best - product) + 1e-6
    assert torch.equal(truncated_svd(rows, tmp_path, dimensions=40), reduced)
    assert torch.equal(truncated_svd(rows, None, dimensions=40), reduced)
    assert len(list(tmp_path.rglob("*.pt"))) == 1


def test_rows_of_few_dimensions_are_not_reduced():
    rows = Tfidf().encode(text_dataset(), Workspace()).inputs
    assert torch.equal(truncated_svd(rows, None, dimensions=rows.shape[1]), rows[:])
