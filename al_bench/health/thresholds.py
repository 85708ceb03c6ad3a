"""The thresholds of the checks of a round: keys under `health`, which change no result."""

from __future__ import annotations

from dataclasses import dataclass, fields

from al_bench import checks

COSINES = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""The cosines from which on two rows may be called near-duplicates: the record has the share of each."""


@dataclass
class Health:
    """From which values on a round is called unhealthy, in the log, in tables and in reports.

    Random points have near-duplicates and uneven classes, too. So `class_kl` and `near_duplicates` are compared with as
    many random points, and a study is compared with its Random runs: a finding is above all of their rounds.

    A run keeps the values themselves, whatever the thresholds: these are no part of a run's identity nor of its arm's
    name. null or 0 switches a check off. The defaults are a choice, made on scikit-learn's digits (20 labels, 10 a
    round, 100 draws, n = 5 seeds of four strategies), where Random exceeds none of them: its accuracy never fell by
    more than 0.03, `class_kl` was at most 0.21 (BALD up to 0.6, entropy up to 1.13, both in their first batches), and
    of its batches at most 20 % were near-duplicates, against 50 to 70 % of BALD's where the pool has every image three
    times (n = 3). `ranking_change` of BALD is 0.4 to 0.8 (n = 1).

    Args:
        near_chance: Training collapsed: (accuracy − chance) / (1 − chance) below this, where chance is the accuracy of
            always naming the test part's most frequent class.
        accuracy_drop: Training collapsed: accuracy below that of the round evaluated last by more than this.
        class_kl: Picks of few classes (mode collapse): nats by which the classes acquired so far are less even than
            those of as many random points in the mean. Picks that are more even than the pool are none.
        missing_classes: Classes of the data without any label when the run ends, from so many on.
        near_duplicates: Share of the batch that has a near-duplicate among the rows picked before it, less that of as
            many random points.
        duplicate_cosine: Cosine of penultimate features from which on two rows are near-duplicates.
        drawn_by_lot: Share of the batch that was drawn among equal scores.
        ranking_change: Share of the batch that the other half of the posterior's draws would pick otherwise.
        saturated: Share of the batch picked after BatchBALD had reached log K, the most that K draws can hold.
        constant_score: (greatest − least) / (greatest magnitude) of the scores, at or below which all are one.
        validation: Points of the validation set for each labelled point: a remark, as nobody labels more points to stop
            the training than to train.
    """

    near_chance: float | None = 0.05
    accuracy_drop: float | None = 0.1
    class_kl: float | None = 0.5
    missing_classes: float | None = 1.0
    near_duplicates: float | None = 0.2
    duplicate_cosine: float = 0.99
    drawn_by_lot: float | None = 0.5
    ranking_change: float | None = 0.9
    saturated: float | None = 0.001
    constant_score: float | None = 1e-6
    validation: float | None = 1.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value is not None:
                note = "; null or 0 switches the check off"
                checks.at_least(f"health.{entry.name}", value, 0, note, finite=True)
        note = ", for which the record has the share"
        checks.one_of("health.duplicate_cosine", self.duplicate_cosine, COSINES, note)
