"""What is said of a run before it starts, on the console and in its log: what a default does that a name hides."""

from __future__ import annotations

from al_bench.experiment.equal_draws import leftover_randomness, remark
from al_bench.experiment.setup import Experiment


def run_remarks(experiment: Experiment, option: str) -> list[str]:
    """One line for each thing that a reader of the run has to know.

    Args:
        experiment: The run.
        option: The option chosen in the config group `posterior`.
    """
    lines = [leftover_randomness(experiment.config, experiment.learner)]
    if experiment.equal is not None:
        lines.append(remark(experiment.equal, experiment.config, option))
    return [line for line in lines if line is not None]
