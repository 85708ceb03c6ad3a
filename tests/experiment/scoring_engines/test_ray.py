"""A real Ray cluster of this machine scores the pool: `scripts/check --services`."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from al_bench.errors import InputError
from tests.conftest import REPOSITORY, TINY, record
from tests.experiment.scoring_engines.test_local import assert_same, first_round, shards

sys.path.insert(0, str(REPOSITORY / "scripts"))
from clusters import one_node_ray

pytestmark = [
    pytest.mark.service,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not one_node_ray.is_installed(), reason="no Ray: pip install ray"),
    pytest.mark.filterwarnings("ignore"),  # Ray's, of itself
]
PIECES = [slice(number, number + 1) for number in range(60)]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with tempfile.TemporaryDirectory(prefix="al-") as short, one_node_ray.running(Path(short) / "c") as environment:
        before = dict(os.environ)
        os.environ.update(environment, PYTHONPATH=str(REPOSITORY))
        yield environment
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def engine():
    from al_bench.experiment.scoring_engines.ray_actors import RayActors

    with RayActors(2) as engine:
        yield engine


def test_results_come_in_order_from_other_processes(engine):
    def work(piece):
        return torch.tensor([piece.start, os.getpid()]), None

    for _ in range(2):
        found = list(engine.map(work, PIECES))
        assert [int(value[0]) for value, _ in found] == list(range(60))
        assert os.getpid() not in {int(value[1]) for value, _ in found}
        assert len({int(value[1]) for value, _ in found}) == 2


def test_a_killed_actor_is_started_anew_and_its_pieces_are_computed_again(engine, tmp_path, capsys):
    mark = tmp_path / "killed"

    def work(piece):
        if piece.start == 31 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.tensor([piece.start])

    assert [int(value) for value in engine.map(work, PIECES)] == list(range(60))
    assert mark.exists()
    assert "an actor of Ray was ended from outside and started anew" in capsys.readouterr().err


def test_an_actor_that_never_survives_fails_the_run_in_one_line(engine):
    from al_bench.experiment.scoring_engines.engine import WorkerError

    def work(piece):
        if piece.start == 31:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.tensor([piece.start])

    with pytest.raises(WorkerError, match=r"ended from outside 4 times.*the same command goes on"):
        list(engine.map(work, PIECES))


def test_what_is_raised_there_is_raised_here(engine):
    def work(piece):
        raise InputError("the message")

    with pytest.raises(InputError, match=r"^the message$"):
        list(engine.map(work, PIECES))


@pytest.mark.parametrize("strategy", ["bald", "epig", "badge", "batchbald"])
def test_strategies_get_the_same_bits(strategy, engine, tmp_path, monkeypatch):
    from al_bench.experiment import setup

    folder = shards(tmp_path / "pool", [50])
    one = first_round(folder, strategy, "mc_dropout", 1)
    monkeypatch.setattr(setup, "make_scoring_engine", lambda config, device: engine)
    assert_same(one, first_round(folder, strategy, "mc_dropout", 1))


def test_a_run_is_that_of_one_process(run):
    assert run(*TINY, "engine=ray", "workers=2").status == 0
    assert run(*TINY, "study=other").status == 0
    assert record().stable == record(study="other").stable


def test_more_workers_than_the_cluster_has_are_refused(run):
    done = run(*TINY, "engine=ray", "workers=100")
    assert done.status == 2
    assert "workers is 100 and the Ray cluster has" in done.err
