"""A calibration on real objects: what it measures, that nothing is left, and that the run is what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.cli.run import make_job
from al_bench.config.compose import compose, register
from al_bench.experiment import sweep
from al_bench.experiment.estimate.calibrate import Calibrator, acquiring_label_counts
from al_bench.experiment.estimate.curve import NOTHING
from al_bench.experiment.estimate.job_cost import estimate_job
from al_bench.experiment.setup import set_up
from al_bench.learners.training import Stop
from tests.conftest import TINY


def job(*words):
    """The job of some overrides."""
    register()
    sweep.register()
    tiny = TINY if not any(word.startswith("training.stop=") for word in words) else (TINY[0], TINY[2])
    return make_job(compose([*tiny, *words]))


def experiment(*words):
    """Its objects."""
    made = job(*words)
    return set_up(made.config, made.strategy)


@pytest.mark.parametrize("strategy", ["random", "bald", "batchbald", "badge", "coreset_greedy", "typiclust"])
def test_every_stage_is_measured_early_and_late(strategy):
    made = experiment(f"strategy={strategy}", "schedule.rounds=6")
    measured = Calibrator(made, 3.0).run()
    first, last = acquiring_label_counts(made)
    assert (first, last) == (6, 22)
    assert sorted(measured.score) == sorted(measured.select) == [first, last]
    assert measured.training.expected.sizes == [first, last]
    assert measured.training.expected.at(last).wall > 0
    assert measured.evaluation.sizes[-1] == 200
    assert measured.memory_bytes > 10_000_000
    assert measured.line_bytes > 500


def test_a_training_is_cut_to_the_time_there_is_and_given_back_whole():
    made = experiment("training.steps=100000", "schedule.rounds=2")
    given = list(made.learner.training)
    measured = Calibrator(made, 1.0).run()
    assert measured.seconds < 20
    assert made.learner.training == given
    one_step = measured.training.expected.at(6).processor / 100_000
    assert 1e-5 < one_step < 0.1


def test_until_it_fits_is_a_span():
    estimate = estimate_job(job("training.stop=fitted", "training.epochs=400", "schedule.rounds=3"), NOTHING, 3.0)
    assert estimate.time.high.processor > estimate.time.low.processor
    assert any("training.stop=fitted" in remark and "of at most 400 epochs" in remark for remark in estimate.remarks)


def test_an_accuracy_that_may_end_it_is_a_span_of_labels():
    estimate = estimate_job(job("schedule.rounds=5", "schedule.stop_at_accuracy=0.9"), NOTHING, 2.0)
    assert estimate.labels == (6, 22)
    assert estimate.rounds == (1, 5)
    assert estimate.time.low.wall < estimate.time.high.wall


def test_a_run_on_the_whole_pool_is_one_training():
    estimate = estimate_job(job("reference=full"), NOTHING, 2.0)
    assert estimate.labels == (500, 500)
    assert estimate.rounds == (1, 1)
    assert estimate.time.high.wall > 0


def test_a_cold_start_is_calibrated_on_what_its_second_round_has():
    made = experiment("initial.size=0", "schedule.rounds=4", "strategy=random")
    assert acquiring_label_counts(made) == (4, 8)
    assert Calibrator(made, 2.0).run().training.expected.sizes == [4, 8]


def test_stored_predictions_count_as_disk():
    plain = estimate_job(job("evaluation.stop_set=0"), NOTHING, 1.0).disk_bytes
    with_predictions = estimate_job(job("evaluation.stop_set=0", "evaluation.keep=probabilities"), NOTHING, 1.0)
    assert with_predictions.disk_bytes - plain == pytest.approx(8 * 200 + 3 * (4 * 200 * 4 + 110), abs=100)


def test_a_shortened_training_keeps_everything_but_its_length():
    from al_bench.experiment.estimate.training_cost import shortened

    training = experiment("training.stop=epochs", "training.epochs=10", "training.batch_size=4").learner.training[0]
    half = shortened(training, 0.5, labelled=40)
    assert (half.stop, half.steps, half.lr, half.batch_size) == (Stop.steps, 50, training.lr, 4)
    assert shortened(training, 1.0, labelled=40) is training


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    estimate_job(job("strategy=badge"), NOTHING, 1.0)
    assert not list(Path().rglob("*"))
