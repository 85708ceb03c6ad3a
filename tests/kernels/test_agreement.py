"""Cohen's kappa against its literal twin and scikit-learn's, worked by hand, and where it is a convention."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import cohen_kappa_score
from torch import Tensor

from al_bench import kernels
from tests.kernels.instances import seeded
from tests.reference import agreement as twin


def pair(seed: int, rows: int, classes: int, changed: float) -> tuple[Tensor, Tensor]:
    """Classes of N rows, and the same with a share of them drawn anew."""
    generator = seeded(seed)
    first = torch.randint(classes, (rows,), generator=generator)
    other = torch.randint(classes, (rows,), generator=generator)
    return first, torch.where(torch.rand(rows, generator=generator) < changed, other, first)


CASES = [
    (seed, rows, classes, changed)
    for seed, (rows, classes, changed) in enumerate(
        [(50, 2, 0.1), (50, 3, 0.9), (200, 10, 0.3), (1000, 2, 0.5), (37, 26, 1.0), (200, 200, 0.05)]
    )
]


@pytest.mark.parametrize(("seed", "rows", "classes", "changed"), CASES)
def test_it_is_that_of_its_twin_and_of_scikit_learn(seed, rows, classes, changed):
    first, second = pair(seed, rows, classes, changed)
    kappa = kernels.cohens_kappa(first, second)
    assert kappa == float(twin.cohens_kappa(first.tolist(), second.tolist()))
    assert kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert kappa == kernels.cohens_kappa(second, first)


def test_worked_by_hand():
    """Agreement on 7 of 10; 6 and 7 rows in class 0: p_e = 0.42 + 0.12, κ = 0.16 / 0.46."""
    first = torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    second = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 0, 0])
    assert kernels.cohens_kappa(first, second) == pytest.approx((0.7 - 0.54) / 0.46)


def test_where_all_rows_are_of_one_class_for_both_it_is_one():
    same = torch.full((9,), 3)
    assert kernels.cohens_kappa(same, same) == float(twin.cohens_kappa([3] * 9, [3] * 9)) == 1.0


@pytest.mark.parametrize(
    ("second", "kappa"),
    [([4] * 6, 0.0), ([3, 3, 3, 4, 4, 4], 0.0)],
    ids=["each with a class of its own", "one of them with one class"],
)
def test_without_agreement_beyond_chance_it_is_zero(second, kappa):
    assert kernels.cohens_kappa(torch.full((6,), 3), torch.tensor(second)) == kappa


def test_the_opposite_of_every_row_is_minus_one():
    first = torch.tensor([0, 1, 0, 1])
    assert kernels.cohens_kappa(first, 1 - first) == -1.0


@pytest.mark.parametrize(
    ("first", "second"),
    [(torch.zeros(0, dtype=torch.int64),) * 2, (torch.tensor([0, 1]), torch.tensor([0]))],
    ids=["no row", "another number of rows"],
)
def test_what_is_no_pair_of_classifications_is_refused(first, second):
    with pytest.raises(ValueError, match="two vectors"):
        kernels.cohens_kappa(first, second)
