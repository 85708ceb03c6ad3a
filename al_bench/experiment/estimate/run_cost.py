"""From a calibration to what a whole run takes: the cost of every round, added up."""

from __future__ import annotations

from collections.abc import Mapping

from al_bench.config.schema import Reference
from al_bench.experiment.estimate.calibrate import Calibration
from al_bench.experiment.estimate.curve import Cost, Curve, extrapolate
from al_bench.experiment.estimate.disk import cache_bytes, run_bytes
from al_bench.experiment.estimate.early_end import early_end
from al_bench.experiment.estimate.quantities import Estimate, Span
from al_bench.experiment.estimate.tuning_cost import longest_training, tuning_cost, tuning_remarks
from al_bench.experiment.setup import Experiment
from al_bench.learners.training import Stop


def estimate_run(
    experiment: Experiment, calibration: Calibration, setup: Cost, start: Cost, header_bytes: int
) -> Estimate:
    """What a run takes from its set-up to its last round.

    Args:
        experiment: The objects of the run.
        calibration: What was measured of it.
        setup: What reading the data and building the objects took.
        start: What the process took before.
        header_bytes: Of header.json and config.yaml.
    """
    config = experiment.config
    low = high = setup
    shortest = setup
    for number in range(experiment.rounds):
        expected, most = round_cost(experiment, calibration, number)
        low, high = low + expected, high + most
        if number == 0:
            shortest = low
    labels, rounds = experiment.labels_at_end, experiment.rounds
    fewest = (labels, rounds)
    remarks = [*training_remarks(experiment, calibration), *tuning_remarks(experiment)]
    if (rule := early_end(config)) and rounds > 1:
        low, fewest = shortest, (len(experiment.start.asked), 1)
        remarks.append(f"{rule} may end the run after any round")
    return Estimate(
        time=Span(low, high),
        start=start + calibration.first_time,
        memory_bytes=memory_bytes(experiment, calibration),
        disk_bytes=run_bytes(experiment, header_bytes, calibration.line_bytes, calibration.state_bytes),
        cache_bytes=cache_bytes(experiment, calibration.state_bytes),
        labels=(fewest[0], labels),
        initial=len(experiment.start.asked) if config.reference is Reference.none else labels,
        rounds=(fewest[1], rounds),
        remarks=tuple(remarks),
        basis=f"a calibration of {calibration.seconds:.0f} s",
    )


def training_remarks(experiment: Experiment, calibration: Calibration) -> list[str]:
    """What is not known of the trainings."""
    training = experiment.config.training
    if calibration.training.epochs is None or training.stop not in (Stop.fitted, Stop.early):
        return []
    return [
        f"training.stop={training.stop.value} ends a training when it may: {calibration.training.epochs} of at most "
        f"{training.epochs} epochs when it was tried"
    ]


def round_cost(experiment: Experiment, calibration: Calibration, number: int) -> tuple[Cost, Cost]:
    """What a round takes, and what it takes at most.

    Args:
        number: Of the round, from 0.
    """
    config = experiment.config
    start, batch = len(experiment.start.asked), config.schedule.batch
    labelled = min(start + number * batch, experiment.labels_at_end)
    rest = calibration.every_round
    if experiment.evaluates(number):
        rest += calibration.evaluation.at(len(experiment.dataset.test_labels))
        if experiment.stops_on_validation:
            rest += calibration.predictions.at(len(experiment.validation))
        if (second := calibration.successor) is not None and labelled:
            rest += second.training.expected.at(labelled)
            rest += second.evaluation.at(len(experiment.dataset.test_labels))
    if config.evaluation.stop_set and config.reference is Reference.none:
        rest += calibration.predictions.at(min(config.evaluation.stop_set, len(experiment.start.pool)))
    if number < experiment.rounds - 1:
        unlabelled = len(experiment.start.pool) - labelled
        candidates = min(config.schedule.candidates or unlabelled, unlabelled)
        rest += at_labels(calibration.score, labelled, candidates) + at_labels(calibration.select, labelled, candidates)
    if not labelled:  # a cold start trains nothing
        return rest, rest
    tried, tried_most = tuning_cost(experiment, calibration, number, labelled)
    expected, most = calibration.training.expected.at(labelled), calibration.training.most.at(labelled)
    return rest + expected + tried, rest + most * longest_training(experiment) + tried_most


def at_labels(curves: Mapping[int, Curve], labelled: int, candidates: int) -> Cost:
    """The cost of so many candidates, on the line between the numbers of labelled points that were tried."""
    if not curves:
        return Cost()
    sizes = sorted(curves)
    costs = [curves[size].at(candidates) for size in sizes]
    if len(sizes) == 1:
        return costs[0]
    within = min(max(labelled, sizes[0]), sizes[-1])
    return Cost(
        extrapolate(sizes, [cost.wall for cost in costs], within),
        extrapolate(sizes, [cost.processor for cost in costs], within),
    )


def memory_bytes(experiment: Experiment, calibration: Calibration) -> float:
    """The highest memory: what was seen, and the evidence of the candidates that were not tried."""
    unlabelled = len(experiment.start.unlabelled)
    candidates = min(experiment.config.schedule.candidates or unlabelled, unlabelled)
    missing = max(0, candidates - calibration.scored) if calibration.scored else 0
    return calibration.memory_bytes + 2 * missing * calibration.evidence_bytes
