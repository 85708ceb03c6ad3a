"""BatchBALD against full enumeration: picks, gains, the sampled regime, ties, saturation."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from al_bench.kernels.batchbald.greedy import BatchBaldBatch
from al_bench.kernels.batchbald.label_table import LabelTable
from tests.kernels.instances import mc_log_probs, seeded
from tests.reference import batchbald as twin

KINDS = ("mild", "sharp", "extreme", "certain", "agreeing")


def keys_of(rows: int, seed: int) -> list[float]:
    return torch.rand(rows, generator=seeded(seed), dtype=torch.float64).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_picks_and_gains_equal_full_enumeration(kind: str) -> None:
    for seed in range(60):
        rows, draws, classes, batch = 4 + seed % 5, 1 + seed % 4, 2 + seed % 2, 1 + seed % 3
        mc = mc_log_probs(seed, rows, draws, classes, torch.float64, kind)
        result = kernels.select_batchbald(mc, batch, seeded(seed), saturation_tol=0, chunk=1 + seed % 3)
        expected, information = twin.select_batchbald(mc.exp().tolist(), batch, keys_of(rows, seed), tie=1e-12)
        assert result.rows.tolist() == expected, f"seed {seed}"
        assert result.joint_information.tolist() == pytest.approx(information, abs=1e-9), f"seed {seed}"
        assert result.gains.cumsum(0).tolist() == pytest.approx(information, abs=1e-9), f"seed {seed}"
        assert result.sampled_from is None, f"seed {seed}"
        assert result.standard_errors.tolist() == [0.0] * batch, f"seed {seed}"


def test_float32_information_equals_full_enumeration() -> None:
    for seed in range(60):
        mc = mc_log_probs(seed, 6, 4, 3, torch.float32, KINDS[seed % 5])
        result = kernels.select_batchbald(mc, 3, seeded(seed), saturation_tol=0)
        for picks in (1, 2, 3):
            exact = twin.joint_information(mc.double().exp().tolist(), result.rows[:picks].tolist())
            assert result.joint_information[picks - 1].item() == pytest.approx(exact, abs=5e-6), f"seed {seed}"


def test_lazy_evaluation_changes_nothing_and_saves_most() -> None:
    mc = mc_log_probs(0, 400, 20, 4, torch.float64, "sharp")
    mc = torch.where(torch.rand(400, 1, 1, generator=seeded(1)) < 0.7, mc[:, :1], mc)  # most rows teach nothing
    lazy = kernels.select_batchbald(mc, 5, seeded(0), chunk=4)
    full = kernels.select_batchbald(mc, 5, seeded(0), chunk=400)  # one block: every row at every pick
    assert lazy.rows.tolist() == full.rows.tolist()
    torch.testing.assert_close(lazy.gains, full.gains, atol=1e-12, rtol=0)
    assert full.evaluations == 399 + 398 + 397 + 396
    assert lazy.evaluations < full.evaluations / 3


def test_sampled_information_is_within_three_standard_errors() -> None:
    within = []
    for seed in range(100):
        mc = mc_log_probs(seed, 6, 4, 3, torch.float64, ("mild", "sharp")[seed % 2])
        result = kernels.select_batchbald(
            mc, 4, seeded(seed), exact_cap=1 if seed % 3 else 3, samples=400, saturation_tol=0
        )
        assert result.sampled_from == (1 if seed % 3 else 2), f"seed {seed}"
        exact = twin.joint_information(mc.exp().tolist(), result.rows.tolist())
        error = result.standard_errors.sum().item()  # the gains' errors may be correlated
        assert error > 0, f"seed {seed}"
        within.append(abs(result.joint_information[-1].item() - exact) <= 3 * error)
    assert sum(within) >= 99


def test_sampled_information_is_unbiased() -> None:
    """All rows are chosen, so that no choice among noisy gains can lift the mean."""
    mc = mc_log_probs(5, 4, 3, 3, torch.float64, "mild")
    exact = twin.joint_information(mc.exp().tolist(), [0, 1, 2, 3])
    estimates = torch.tensor(
        [
            kernels.select_batchbald(mc, 4, seeded(seed), exact_cap=1, samples=60, saturation_tol=0).joint_information[
                -1
            ]
            for seed in range(300)
        ]
    )
    standard_error = (estimates.std() / math.sqrt(len(estimates))).item()
    assert standard_error < 0.01 * exact
    assert abs(estimates.mean().item() - exact) < 3 * standard_error


def test_sampled_picks_are_nearly_as_good_as_exact_ones() -> None:
    for seed in range(20):
        mc = mc_log_probs(seed, 30, 6, 3, torch.float64, "sharp")
        probs = mc.exp().tolist()
        exact = kernels.select_batchbald(mc, 4, seeded(seed)).joint_information[-1].item()
        sampled = kernels.select_batchbald(mc, 4, seeded(seed), exact_cap=3, samples=3_000)
        achieved = twin.joint_information(probs, sampled.rows.tolist())
        assert achieved > exact - 0.02, f"seed {seed}"


NO_BOUNDS = {"coarse_sizes": (), "fewest_samples": 10**9}
BOUNDS = {
    "a tenth of the samples": {"coarse_sizes": ()},
    "coarse tables": {"fewest_samples": 10**9},
    "both": {},
}


@pytest.mark.parametrize("bounds", BOUNDS)
def test_bounds_change_no_pick_and_save_most_evaluations(bounds: str) -> None:
    """Rows of one kind, whose stale gains exclude few: BALD at most 0.1 apart, and sampled from the second pick on."""
    evaluations, all_evaluations = 0, 0
    for seed in range(10):
        mc = mc_log_probs(seed, 300, 20, 4, torch.float64, "mild")
        bounded = kernels.select_batchbald(mc, 6, seeded(seed), exact_cap=4, samples=10_000, **BOUNDS[bounds])
        plain = kernels.select_batchbald(mc, 6, seeded(seed), exact_cap=4, samples=10_000, **NO_BOUNDS)
        assert bounded.rows.tolist() == plain.rows.tolist(), f"seed {seed}"
        torch.testing.assert_close(bounded.gains, plain.gains, atol=1e-12, rtol=0)
        evaluations, all_evaluations = evaluations + bounded.evaluations, all_evaluations + plain.evaluations
    assert evaluations < all_evaluations / 2


def test_coarse_tables_exclude_nearly_all_rows_of_few_draws_that_mostly_agree() -> None:
    """As trained networks do, K = 10: what little is left to learn is soon the same for all rows."""
    logits = 4 * torch.randn(2_000, 1, 10, generator=seeded(0)) + 1.5 * torch.randn(2_000, 10, 10, generator=seeded(1))
    mc = logits.log_softmax(-1)
    fine = kernels.select_batchbald(mc, 6, seeded(0))
    plain = kernels.select_batchbald(mc, 6, seeded(0), **NO_BOUNDS)
    assert fine.rows.tolist() == plain.rows.tolist()
    assert fine.evaluations < plain.evaluations / 3


def test_a_subsample_of_a_table_holds_its_first_samples() -> None:
    probs = mc_log_probs(0, 3, 5, 3, torch.float64, "mild").exp()
    whole = LabelTable.sample(probs, 1_000, seeded(0))
    part = whole.subsample(200)
    assert whole.line_s is not None
    assert part.line_s is not None
    torch.testing.assert_close(part.posterior_mk[part.line_s], whole.posterior_mk[whole.line_s[:200]])
    assert part.weight_m.sum().item() == pytest.approx(1)
    assert (part.weight_m * 200).round().tolist() == torch.bincount(part.line_s).tolist()


def test_copies_are_picked_by_key_and_not_twice() -> None:
    """Twenty informative rows, four copies each: a copy adds less than a fresh row, equal copies tie."""
    original = mc_log_probs(0, 20, 50, 4, torch.float32, "sharp")
    mc = original.repeat(4, 1, 1)
    firsts = set()
    for seed in range(12):
        result = kernels.select_batchbald(mc, 3, seeded(seed))
        chosen = (result.rows % 20).tolist()
        assert len(set(chosen)) == 3, f"seed {seed}"
        keys = keys_of(80, seed)
        for row in result.rows.tolist():
            assert keys[row] == min(keys[row % 20 + 20 * copy] for copy in range(4)), f"seed {seed}"
        firsts.add(int(result.rows[0]))
    assert len(firsts) > 1


def test_saturation_is_recorded_and_the_rest_is_chosen_at_random() -> None:
    """Two draws hold log 2 nats: one row that tells them apart leaves nothing to learn."""
    certain = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    useless = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    hint = torch.tensor([[0.6, 0.4], [0.4, 0.6]])
    strong = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    mc = torch.stack([useless, hint, certain, strong]).log()
    orders = set()
    for seed in range(20):
        result = kernels.select_batchbald(mc, 4, seeded(seed))
        keys = keys_of(4, seed)
        assert result.rows.tolist() == [2, *sorted((0, 1, 3), key=lambda row: keys[row])], f"seed {seed}"
        assert result.saturated_at == 1, f"seed {seed}"
        assert result.joint_information.tolist() == pytest.approx([math.log(2)] * 4), f"seed {seed}"
        orders.add(tuple(result.rows.tolist()))
    assert len(orders) == 6
    never = kernels.select_batchbald(mc, 4, seeded(0), saturation_tol=0)
    assert never.saturated_at is None
    assert never.rows[0] == 2


def test_copies_of_what_was_picked_do_not_follow_saturation() -> None:
    """Four copies of the two rows that tell four draws apart, among 92 rows of less BALD: a batch has few copies."""
    bit = torch.tensor([[0.999, 0.001], [0.001, 0.999]])
    mc = torch.stack([bit[[0, 0, 1, 1]]] * 4 + [bit[[0, 1, 0, 1]]] * 4 + [torch.full((4, 2), 0.5)] * 92).log()
    copies = []
    for seed in range(50):
        result = kernels.select_batchbald(mc, 10, seeded(seed), saturation_tol=0.02)
        assert result.saturated_at == 2, f"seed {seed}"
        copies.append(sum(row < 8 for row in result.rows.tolist()))
    assert sum(copies) / 50 < 2 + 3 * 8 * 6 / 98  # two are picked, of eight at random about one in sixteen


def test_information_from_ten_draws_saturates_at_log_ten() -> None:
    mc = mc_log_probs(0, 60, 10, 10, torch.float32, "mild")
    result = kernels.select_batchbald(mc, 40, seeded(0), samples=1_000, saturation_tol=1e-3)
    assert result.saturated_at is not None
    assert result.sampled_from == 5  # 10^4 configurations of four rows are under the cap of 40,000
    assert result.joint_information[-1].item() == pytest.approx(math.log(10), abs=5e-3)
    assert (result.joint_information <= math.log(10)).all()
    assert len(set(result.rows.tolist())) == 40


def of_a_part(mc: torch.Tensor, most: int, batch: int, seed: int, **given) -> tuple[list[int], BatchBaldBatch]:
    """Rows of the pool, and the batch, where only the `most` rows of highest BALD have draws."""
    bald, keys = kernels.bald(mc), keys_of(len(mc), seed)
    candidates = torch.tensor(sorted(sorted(range(len(mc)), key=lambda row: (-float(bald[row]), keys[row]))[:most]))
    result = kernels.select_batchbald(
        mc[candidates], batch, seeded(seed), bald_p=bald, candidates_n=candidates, **given
    )
    return candidates[result.rows].tolist(), result


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_a_pool_gives_its_batch_until_a_row_left_out_may_have_been_picked(kind: str) -> None:
    """Against full enumeration over the whole pool, every row at every pick."""
    whole = part = 0
    for seed in range(60):
        draws, classes, batch = 2 + seed % 3, 2 + seed % 2, 1 + seed % 3
        mc = mc_log_probs(seed, 10, draws, classes, torch.float64, kind)
        expected, information = twin.select_batchbald(mc.exp().tolist(), batch, keys_of(10, seed), tie=1e-12)
        rows, result = of_a_part(mc, batch + seed % 5, batch, seed, saturation_tol=0)
        until = batch if result.capped_at is None else result.capped_at
        assert rows[:until] == expected[:until], f"seed {seed}"
        assert result.joint_information[:until].tolist() == pytest.approx(information[:until], abs=1e-9), f"seed {seed}"
        whole, part = whole + (until == batch), part + (until < batch)
        assert of_a_part(mc, 10, batch, seed, saturation_tol=0)[0] == expected, f"seed {seed}"
    assert part > 10
    assert whole > 10 or kind not in ("mild", "sharp")


def test_sampled_and_saturated_a_part_of_a_pool_gives_the_same_picks() -> None:
    """The same keys and the same labels are drawn; what is chosen at random may be a row left out."""
    weak_left_out = 0
    for seed in range(20):
        mc = mc_log_probs(seed, 300, 6, 4, torch.float32, "sharp")
        mc[:: 1 + seed % 3] = mc[:1, :1]  # rows of equal BALD, 0
        given = {"exact_cap": 16, "samples": 600, "saturation_tol": 0.02}
        expected = kernels.select_batchbald(mc, 25, seeded(seed), **given)
        assert expected.saturated_at is not None, f"seed {seed}"
        assert expected.capped_at is None, f"seed {seed}"
        for most in (200, 100, 40, 25):
            rows, result = of_a_part(mc, most, 25, seed, **given)
            assert result.saturated_at is not None, f"seed {seed}"
            assert result.capped_at is not None, f"seed {seed}"
            assert result.capped_at <= result.saturated_at, f"seed {seed}"
            assert rows[: result.capped_at] == expected.rows[: result.capped_at].tolist(), f"seed {seed}"
            if kernels.bald(mc).sort(descending=True).values[most] < 0.02:  # no row left out can be picked
                weak_left_out += 1
                assert result.capped_at == result.saturated_at == expected.saturated_at, f"seed {seed}"
                assert result.sampled_from == expected.sampled_from, f"seed {seed}"
        whole, result = of_a_part(mc, 300, 25, seed, **given)
        assert whole == expected.rows.tolist(), f"seed {seed}"
        assert result.capped_at is None, f"seed {seed}"
    assert weak_left_out > 0


def test_the_pick_that_a_planted_row_left_out_may_have_won_is_recorded() -> None:
    """Four copies that tell draws 1 and 2 from 3 and 4, and a weaker row that tells 1 and 3 from 2 and 4."""
    copy = torch.tensor([[0.99, 0.01], [0.99, 0.01], [0.01, 0.99], [0.01, 0.99]])
    other = torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]])
    mc = torch.stack([copy, copy, other, copy, copy]).log()
    for most, capped_at in ((5, None), (4, 1), (3, 0)):
        rows, result = of_a_part(mc, most, 2, 0)
        assert result.capped_at == capped_at  # three of four copies: the first pick may have been the fourth
        assert (2 in rows) is (most == 5)
    assert rows[0] == of_a_part(mc, 5, 2, 0)[0][0], "of equal rows those of lowest key are kept"


def test_one_draw_saturates_at_once() -> None:
    mc = mc_log_probs(0, 6, 1, 3, torch.float32, "mild")
    result = kernels.select_batchbald(mc, 3, seeded(0))
    assert result.saturated_at == 0
    assert result.evaluations == 0
    assert len(set(result.rows.tolist())) == 3


def test_the_same_generator_gives_the_same_batch() -> None:
    mc = mc_log_probs(0, 50, 8, 4, torch.float32, "mild")
    first, second = (kernels.select_batchbald(mc, 6, seeded(4), exact_cap=16, samples=500) for _ in range(2))
    assert torch.equal(first.rows, second.rows)
    assert torch.equal(first.gains, second.gains)


def test_faults_are_refused() -> None:
    mc = mc_log_probs(0, 3, 2, 2, torch.float32, "mild")
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_batchbald(mc, 4, seeded(0))
    with pytest.raises(ValueError, match="float16; float32 or float64"):
        kernels.select_batchbald(mc.half(), 1, seeded(0))
    assert len(kernels.select_batchbald(mc, 0, seeded(0)).rows) == 0
    for only in ({"bald_p": torch.zeros(4)}, {"candidates_n": torch.arange(3)}):
        with pytest.raises(ValueError, match="bald_p and candidates_n are given together"):
            kernels.select_batchbald(mc, 1, seeded(0), **only)
    with pytest.raises(ScoreError, match="BALD of row 3 is 7"):
        kernels.select_batchbald(mc, 1, seeded(0), bald_p=torch.tensor([0, 0, 0, 7.0]), candidates_n=torch.arange(3))
    mc[1, 0, 0] = math.nan
    with pytest.raises(ScoreError, match="BALD of row 1 is nan, not finite"):
        kernels.select_batchbald(mc, 1, seeded(0))
