"""Of a large pool a strategy may store some candidates' evidence alone: whose, in what memory, and with what batch.

`TopCandidates` against a sort of all rows; BatchBALD through gather and acquisition against the same without a cap.
"""

from __future__ import annotations

import pytest
import torch

from al_bench import kernels
from al_bench.data.dataset import Dataset
from al_bench.errors import ScoreError
from al_bench.evidence import Evidence, Product
from al_bench.experiment.acquire import score, select
from al_bench.experiment.gather import Gatherer
from al_bench.experiment.screening import SLACK, Contenders, TopCandidates
from al_bench.learners.mixture import Mixture
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training
from al_bench.models.dropout import replace_torch_dropout
from al_bench.models.mlp import Mlp
from al_bench.models.reset import seeded
from al_bench.pool import PoolState
from al_bench.rng import Streams
from al_bench.strategies.base import Strategy
from al_bench.strategies.information import BatchBald
from tests.conftest import TINY, record

ORDERS = {
    "random": lambda n: torch.rand(n, generator=torch.Generator().manual_seed(n)),
    "few values": lambda n: torch.randint(3, (n,), generator=torch.Generator().manual_seed(n)).float(),
    "all equal": lambda n: torch.zeros(n),
    "zeros of both signs": lambda n: torch.tensor([0.0, -0.0]).repeat(n)[:n],
    "rising": lambda n: torch.arange(n).float(),
    "falling": lambda n: -torch.arange(n).float(),
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_result_is_the_first_of_all_candidates_whatever_the_chunk(order):
    for count, limit, chunk in [(200, 7, 1), (200, 40, 3), (200, 40, 64), (90, 89, 10), (200, 1, 50), (64, 40, 64)]:
        scores, keys = ORDERS[order](count), torch.rand(count, generator=torch.Generator().manual_seed(limit))
        features = torch.randn(count, 2, 3)
        top, sizes = TopCandidates(limit, keys), set()
        for start in range(0, count, chunk):
            rows = slice(start, min(start + chunk, count))
            top.update(rows, scores[rows], {Product.features: features[rows], Product.predicted_loss: scores[rows]})
            sizes.add(top.buffer_rows)
        products, screen = top.result()
        expected = sorted(range(count), key=lambda row: (-float(scores[row]), float(keys[row])))[:limit]
        assert screen.candidates.tolist() == sorted(expected)
        assert torch.equal(screen.scores, scores)
        assert torch.equal(products[Product.features], features[screen.candidates])
        assert torch.equal(products[Product.predicted_loss], scores[screen.candidates])
        assert len(sizes) == 1, "allocated once"
        assert limit <= sizes.pop() <= limit + max(chunk, limit // SLACK)


@pytest.mark.parametrize("order", ORDERS)
def test_what_workers_leave_out_is_not_among_the_first(order):
    """Two processes see every other chunk each; what they send is joined in the order of the chunks."""
    for count, limit, chunk in [(300, 20, 3), (300, 7, 10), (300, 150, 8), (90, 89, 10)]:
        scores, keys = ORDERS[order](count), torch.rand(count, generator=torch.Generator().manual_seed(limit))
        features = torch.randn(count, 2)
        whole, sent = TopCandidates(limit, keys), TopCandidates(limit, keys)
        workers, rows_sent = (Contenders(limit), Contenders(limit)), 0
        for number, start in enumerate(range(0, count, chunk)):
            rows = slice(start, min(start + chunk, count))
            whole.update(rows, scores[rows], {Product.features: features[rows]})
            among = workers[number % 2].among(scores[rows])
            rows_sent += int(among.sum())
            sent.update(rows, scores[rows], {Product.features: features[rows][among]}, among)
        (expected, screen), (products, found) = whole.result(), sent.result()
        assert found.candidates.tolist() == screen.candidates.tolist()
        assert torch.equal(products[Product.features], expected[Product.features])
        if order in ("random", "falling") and limit < 50:
            assert rows_sent < count / 2, "most rows are not sent"


def learner(points: int, draws: int = 6, chunk: int = 512) -> tuple[TorchLearner, PoolState]:
    """An untrained MLP on noise, and its pool."""
    generator = torch.Generator().manual_seed(0)
    inputs, labels = 3 * torch.randn(points, 8, generator=generator), torch.arange(points) % 4
    data = Dataset("noise", inputs, labels, inputs[:5], labels[:5], tuple("abcd"))
    with seeded(0):
        network = replace_torch_dropout(Mlp(hidden=[16]).build(data.shape, data.classes))
    found = TorchLearner([network], Mixture(draws=draws), [Training()], data, chunk=chunk)
    found.reset(Streams(0), 0)
    return found, PoolState.start(range(points), range(3))


def chosen(strategy: Strategy, points: int, batch: int = 6, chunk: int = 512):
    """What is selected from, and the batch."""
    one, state = learner(points, chunk=chunk)
    scored = score(Gatherer(one, strategy, state, Streams(0)), torch.tensor(state.unlabelled))
    assert isinstance(scored, Evidence)
    return scored, select(scored, strategy, batch, Streams(0), 0)


def test_until_the_cap_may_have_acted_the_picks_are_those_of_the_whole_pool():
    whole, expected = chosen(BatchBald(candidates_max=None), 400)
    assert whole.screen is None
    assert expected.notes["capped_at"] is None
    found = {}
    for most in (397, 396, 300, 100, 30, 12, 6):
        scored, selection = chosen(BatchBald(candidates_max=most), 400)
        notes = selection.notes
        assert (scored.screen is None) is (most == 397)
        assert notes["candidates_kept"] == scored.rows == len(scored.mc_log_probs) == most
        until = notes["capped_at"]
        assert selection.rows[:until].tolist() == expected.rows[:until].tolist()
        torch.testing.assert_close(selection.scores[:until], expected.scores[:until], atol=1e-6, rtol=0)
        if until is None:
            assert notes == expected.notes | {"candidates_kept": most}
        found[most] = until
    assert found[396] is None
    assert found[300] is None
    assert found[6] is not None
    assert found[6] > 0, "the rows left out lie below the first pick"


def test_the_batch_does_not_depend_on_the_chunk():
    batches = [chosen(BatchBald(candidates_max=20), 300, chunk=chunk) for chunk in (512, 64, 7)]
    for scored, selection in batches[1:]:
        assert scored.screen.candidates.tolist() == batches[0][0].screen.candidates.tolist()
        assert selection.rows.tolist() == batches[0][1].rows.tolist()
        assert selection.notes == batches[0][1].notes | {
            "joint_information": pytest.approx(batches[0][1].notes["joint_information"], abs=1e-5)
        }


@pytest.mark.parametrize("points", [500, 2_000])
def test_the_draws_stored_are_bounded_by_the_cap_and_the_chunk_not_by_the_pool(points):
    scored, _ = chosen(BatchBald(candidates_max=80), points, chunk=50)
    assert scored.mc_log_probs.shape == (80, 6, 4)
    assert scored.mc_log_probs.untyped_storage().nbytes() == (80 + 50) * 6 * 4 * 4, "float32"


def test_after_saturation_rows_are_chosen_at_random_from_those_kept():
    """Nothing adds 10 nats: the whole batch is random, and says that rows left out had no part in it."""
    whole = chosen(BatchBald(candidates_max=None, saturation_tol=10.0), 600)[1]
    assert whole.notes["capped_at"] is None
    for most in (6, 50):
        selection = chosen(BatchBald(candidates_max=most, saturation_tol=10.0), 600, chunk=64)[1]
        assert selection.notes["saturated_at"] == 0
        assert selection.notes["capped_at"] == 0
        assert len(set(selection.rows.tolist())) == len(selection.rows)
        assert selection.rows.tolist() != whole.rows.tolist()


def test_a_score_that_is_nan_is_an_error_that_names_the_candidate(monkeypatch):
    def screening_score(self, evidence):
        scores = kernels.bald(evidence.mc_log_probs)
        scores[0] = float("nan")
        return scores

    monkeypatch.setattr(BatchBald, "screening_score", screening_score)
    with pytest.raises(ScoreError, match="the BatchBald screening score of row 0 is nan"):
        chosen(BatchBald(candidates_max=20), 300)


def test_a_strategy_that_keeps_some_must_say_which(monkeypatch):
    monkeypatch.setattr(BatchBald, "screening_score", Strategy.screening_score)
    with pytest.raises(NotImplementedError, match=r"BatchBald.max_candidates\(\) is set; implement screening_score"):
        chosen(BatchBald(candidates_max=20), 300)


def test_a_run_with_the_cap_is_the_run_without_until_it_may_have_acted(run):
    said = {}
    for most in ("null", "1000", "400", "8"):
        done = run(*TINY, "strategy=batchbald", f"strategy.candidates_max={most}", f"arm=a{most}")
        assert done.status == 0, done.err
        said[most] = record(f"a{most}").stable
    assert said["1000"] == said["null"], "no larger pool: nothing is left out"
    for most in ("400", "8"):
        first, expected = said[most][0], said["null"][0]
        until = first["notes"]["capped_at"]
        assert first["notes"]["candidates_kept"] == int(most)
        assert first["acquired"][:until] == expected["acquired"][:until]
        assert first["candidates"] == expected["candidates"] > 400
    assert said["400"][0]["notes"]["capped_at"] is None
    assert said["400"][0]["health"] == said["null"][0]["health"]


def test_a_capped_run_goes_on_as_if_it_had_not_been_interrupted(run):
    words = (*TINY, "strategy=batchbald", "strategy.candidates_max=9", "arm=a")
    assert run(*words).status == 0
    found = record("a")
    whole, file = found.stable, found.folder / "rounds.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    (found.folder / "status.json").write_text('{"status": "running"}\n')
    assert run(*words).status == 0
    assert found.stable == whole
