"""The score kernels against their literal twins, their ranges, symmetries and error messages."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, instances, mc_log_probs
from tests.reference import scores as twin

POINT = {
    "entropy": twin.entropy,
    "least_confidence": twin.least_confidence,
    "margin": twin.margin,
    "variation_ratio_point": twin.least_confidence,
}
DRAWS = {"mc_variation_ratio": twin.mc_variation_ratio, "mean_std": twin.mean_std, "bald": twin.bald}
KINDS = ("mild", "sharp", "extreme", "certain", "agreeing")

mc_instances = st.builds(
    mc_log_probs,
    st.integers(0, 2**31),
    st.integers(1, 6),
    st.integers(1, 12),
    st.integers(2, 12),
    st.sampled_from(DTYPES),
    st.sampled_from(KINDS),
)


def close(actual: Tensor, expected: list[float]) -> None:
    tolerance = 3e-6 if actual.dtype == torch.float32 else 1e-12
    torch.testing.assert_close(actual.double(), torch.tensor(expected, dtype=torch.float64), atol=tolerance, rtol=0)


@pytest.mark.parametrize("name", POINT)
def test_point_scores_equal_the_twin(name: str) -> None:
    for mc in instances():
        point = mc[:, 0]
        scores = getattr(kernels, name)(point)
        assert scores.dtype == mc.dtype
        close(scores, [POINT[name](row) for row in point.tolist()])


@pytest.mark.parametrize("name", DRAWS)
def test_draw_scores_equal_the_twin(name: str) -> None:
    for mc in instances():
        scores = getattr(kernels, name)(mc)
        assert scores.dtype == mc.dtype
        close(scores, [DRAWS[name](row) for row in mc.tolist()])


def test_mean_log_probs_equal_the_twin() -> None:
    for mc in instances():
        expected = torch.tensor([twin.mean_log_probs(row) for row in mc.tolist()], dtype=torch.float64)
        tolerance = 3e-6 if mc.dtype == torch.float32 else 1e-12
        torch.testing.assert_close(kernels.mean_log_probs(mc).double(), expected, atol=tolerance, rtol=tolerance)


def test_hand_worked_scores() -> None:
    """Two draws that are certain of different classes: the mean is (1/2, 1/2), all of its entropy is BALD."""
    mc = torch.tensor([[[0.0, -math.inf], [-math.inf, 0.0]], [[0.0, -math.inf], [0.0, -math.inf]]])
    assert kernels.bald(mc).tolist() == pytest.approx([math.log(2), 0.0])
    assert kernels.mean_std(mc).tolist() == [0.5, 0.0]
    assert kernels.mc_variation_ratio(mc).tolist() == [0.5, 0.0]
    mean = kernels.mean_log_probs(mc)
    assert kernels.entropy(mean).tolist() == pytest.approx([math.log(2), 0.0])
    assert kernels.margin(mean).tolist() == pytest.approx([1.0, 0.0])
    assert kernels.least_confidence(mean).tolist() == pytest.approx([0.5, 0.0])
    assert kernels.margin(torch.tensor([[0.5, 0.3, 0.2]]).log()).item() == pytest.approx(0.8)


def test_votes_tied_within_a_draw_go_to_the_lowest_class() -> None:
    tied = torch.tensor([0.4, 0.2, 0.4]).log()
    last = torch.tensor([0.1, 0.2, 0.7]).log()
    mc = torch.stack([tied, tied, last])[None]
    assert kernels.mc_variation_ratio(mc).item() == pytest.approx(1 / 3)


@settings(deadline=None)
@given(mc_instances)
def test_scores_stay_in_their_ranges(mc: Tensor) -> None:
    _, draws, classes = mc.shape
    mean = kernels.mean_log_probs(mc)
    for scores, high in (
        (kernels.bald(mc), math.log(min(draws, classes))),
        (kernels.mean_std(mc), math.sqrt(classes - 1) / classes),
        (kernels.mc_variation_ratio(mc), 1 - 1 / draws),
        (kernels.entropy(mean), math.log(classes)),
        (kernels.least_confidence(mean), 1 - 1 / classes),
        (kernels.margin(mean), 1.0),
    ):
        assert (scores >= 0).all()
        assert (scores <= high + 1e-6).all()
    if draws == 1:
        assert kernels.bald(mc).abs().max() == 0


@settings(deadline=None)
@given(mc_instances, st.integers(0, 2**31))
def test_scores_ignore_the_order_of_rows_draws_and_classes(mc: Tensor, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rows, draws, classes = (torch.randperm(size, generator=generator) for size in mc.shape)
    for name in DRAWS:
        score = getattr(kernels, name)
        assert torch.equal(score(mc[rows]), score(mc)[rows])
        if name != "mc_variation_ratio" or mc[..., :1].isfinite().all():
            torch.testing.assert_close(score(mc[:, draws]), score(mc), atol=1e-5, rtol=0)
    for name in ("mean_std", "bald"):  # a tied vote depends on the order of the classes
        score = getattr(kernels, name)
        torch.testing.assert_close(score(mc[:, :, classes]), score(mc), atol=1e-5, rtol=0)


@settings(deadline=None)
@given(mc_instances, st.integers(1, 7))
def test_chunks_change_no_bit(mc: Tensor, chunk: int) -> None:
    for name in (*DRAWS, "mean_log_probs"):
        assert torch.equal(getattr(kernels, name)(mc, chunk), getattr(kernels, name)(mc))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("chunk", [None, 1, 37, 1401], ids="chunk {}".format)
def test_threads_change_no_bit(dtype: torch.dtype, chunk: int | None) -> None:
    """Large enough to be shared among threads, in parts that end between two vectors."""
    mc = mc_log_probs(1, 1401, 101, 7, dtype, "mild")
    scores = {}
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            scores[threads] = torch.stack([kernels.bald(mc, chunk), kernels.mean_std(mc, chunk)])
    finally:
        torch.set_num_threads(before)
    assert torch.equal(scores[1], scores[2])
    assert torch.equal(scores[1], scores[3])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(100, 10), (7, 3), (20, 62), (1, 10)])
def test_copies_of_a_row_tie_exactly(dtype: torch.dtype, shape: tuple[int, int]) -> None:
    """A pool with copies (Repeated MNIST without noise) must tie by rule, not be ordered by rounding."""
    mc = mc_log_probs(3, 211, *shape, dtype, "mild")
    mc[::7] = mc[0]
    mean = kernels.mean_log_probs(mc)
    for scores in (
        *(getattr(kernels, name)(mc) for name in DRAWS),
        *(getattr(kernels, name)(mean) for name in POINT),
    ):
        assert (scores[::7] == scores[0]).all()


def test_half_precision_is_scored_in_float32() -> None:
    mc = mc_log_probs(0, 50, 20, 10, torch.float32, "mild")
    for dtype in (torch.float16, torch.bfloat16):
        scores = kernels.bald(mc.to(dtype))
        assert scores.dtype == torch.float32
        torch.testing.assert_close(scores, kernels.bald(mc), atol=0.02, rtol=0)
        assert (kernels.entropy(torch.zeros(2, 10, dtype=dtype).sub(2.3026)) <= math.log(10)).all()


def test_small_information_survives_float32() -> None:
    """A BALD of 1e-4 nats in float32 is right to 1 %, so near-certain rows keep their order."""
    base = torch.randn(20, 1, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noise = torch.randn(20, 50, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mc = (base + 0.02 * noise).log_softmax(-1)
    torch.testing.assert_close(kernels.bald(mc.float()).double(), kernels.bald(mc), atol=0, rtol=0.01)


def test_a_nan_reaches_the_score_of_its_row_only() -> None:
    mc = mc_log_probs(0, 6, 4, 3, torch.float32, "mild")
    mc[2, 1, 0] = math.nan
    for name in DRAWS:
        assert getattr(kernels, name)(mc).isnan().nonzero().tolist() == [[2]], name
    for name in POINT:
        assert getattr(kernels, name)(mc[:, 1]).isnan().nonzero().tolist() == [[2]], name


def test_no_rows_give_no_scores() -> None:
    mc = torch.empty(0, 4, 3)
    assert kernels.mean_log_probs(mc).shape == (0, 3)
    for name in DRAWS:
        assert getattr(kernels, name)(mc).shape == (0,), name
    for name in POINT:
        assert getattr(kernels, name)(torch.empty(0, 3)).shape == (0,), name


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[4, 3\]; the shape must be \[N, K, C\]"):
        kernels.bald(torch.zeros(4, 3))
    with pytest.raises(ValueError, match=r"\[4, 3, 2\]; the shape must be \[N, C\]"):
        kernels.entropy(torch.zeros(4, 3, 2))
    with pytest.raises(ValueError, match="at least two classes"):
        kernels.margin(torch.zeros(4, 1))


def test_logits_in_place_of_log_probabilities_are_named() -> None:
    logits = 30 + torch.randn(50, 1, 5, generator=torch.Generator().manual_seed(0)).expand(-1, 7, -1)
    with pytest.raises(ScoreError, match=r"BALD of row \d+ is -\d.* and not logits"):
        kernels.bald(logits)


def test_check_scores() -> None:
    kernels.check_scores(torch.tensor([0.0, -1e-5, 1.00001]), 0.0, 1.0, "margin")
    with pytest.raises(
        ScoreError, match=r"margin of row 1 is nan, not finite \(2 of 3 rows are bad\): check the model"
    ):
        kernels.check_scores(torch.tensor([0.0, math.nan, math.inf]), 0.0, 1.0, "margin")
    with pytest.raises(ScoreError, match=r"entropy of row 0 is 1.5, outside \[0, 1\] \(1 of 2 rows"):
        kernels.check_scores(torch.tensor([1.5, 0.0]), 0.0, 1.0, "entropy")
    with pytest.raises(ScoreError, match="row 1 is inf, not finite"):
        kernels.check_scores(torch.tensor([1.5, math.inf]), -math.inf, math.inf, "loss")


def test_the_package_loads_torch_on_first_use_only() -> None:
    code = (
        "import sys\n"
        "from al_bench import kernels\n"
        "assert 'torch' not in sys.modules and 'bald' in dir(kernels)\n"
        "for name in kernels.__all__:\n"
        "    assert callable(getattr(kernels, name)), name\n"
        "assert 'torch' in sys.modules and not hasattr(kernels, 'no_such_kernel')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
