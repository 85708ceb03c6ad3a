"""What a run leaves behind, as types: one `RunHeader` a run, one `RoundRecord` a round.

Here is what the fields mean; how they lie on disk is in `al_bench.storage.run_folder`. A field with a default may be
missing in a record of an older version. Fields that this version does not know are left out when a record is read.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

SCHEMA = 1
"""The version of the format that this al-bench reads and writes."""

Name = Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Measure = Annotated[float, Meta(ge=-1e100, le=1e100)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
LONGEST_ITEM = 4096
"""Characters of what the user calls a point, such as the path of an image."""
Item = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | Annotated[str, Meta(max_length=LONGEST_ITEM)]
Fraction = Annotated[float, Meta(ge=0, le=1)]

MEASURED = ("seconds", "peak_memory_bytes")
"""The fields of a round that may differ between two runs of one configuration on one machine."""


class FitRecord(Struct, frozen=True):
    """What training one network did.

    Args:
        steps: Optimiser steps.
        epochs: Passes over the labelled set, the last perhaps cut short.
        loss: Mean training loss of the last epoch, nats.
        accuracy: Share of the last epoch's training examples that were right; None where it had none.
        validation_accuracy: Of the weights that were kept, on the validation set; None without one.
        stopped: Whether the stopping rule ended the training, and not the limit of epochs.
    """

    steps: int = 0
    epochs: int = 0
    loss: float | None = None
    accuracy: float | None = None
    validation_accuracy: float | None = None
    stopped: bool = True


class HealthRecord(Struct, frozen=True):
    """What says whether a round is healthy: values, no verdicts; None where there was nothing to measure.

    Args:
        chance: The accuracy of always naming the test part's most frequent class.
        accuracy_drop: The accuracy of the round evaluated last, less this one's.
        validation: Points of the validation set.
        class_entropy: Entropy of the batch's classes, nats.
        class_kl, class_kl_random: KL divergence of the batch's classes from the pool's, nats; its mean for as many
            random points.
        acquired_kl, acquired_kl_random: The same of all points acquired so far.
        near_duplicates, near_duplicates_random: Cosine to the share of the batch that has it with a row picked before;
            the mean share of as many random candidates.
        tied: Share of the candidates whose score another one has, too.
        drawn_by_lot: Share of the batch that was chosen at random among equal scores.
        score_spread: Highest less lowest score, relative to their size.
        ranking_change: Share of the batch that other posterior draws would change.
        saturated: Share of the batch picked after a strategy noted its saturation.
    """

    chance: float | None = None
    accuracy_drop: float | None = None
    validation: int | None = None
    class_entropy: float | None = None
    class_kl: float | None = None
    class_kl_random: float | None = None
    acquired_kl: float | None = None
    acquired_kl_random: float | None = None
    near_duplicates: dict[str, float] | None = None
    near_duplicates_random: dict[str, float] | None = None
    tied: float | None = None
    drawn_by_lot: float | None = None
    score_spread: float | None = None
    ranking_change: float | None = None
    saturated: float | None = None


class StopSetRecord(Struct, frozen=True):
    """How the predictions for a fixed random part of the pool move from round to round: what stopping rules read.

    Args:
        points: Of the stop set, the same in every round; no label of theirs is read.
        entropy: Mean entropy of the mean prediction, nats.
        kappa: Cohen's kappa between the classes predicted in this round and in the one before: 1 where all are the
            same, 0 for what chance gives; None in round 0 and where the round before has no predictions on disk.
        changed: Share of the points whose predicted class is another than in the round before; None like `kappa`.
    """

    points: Count
    entropy: Measure
    kappa: Annotated[float, Meta(ge=-1, le=1)] | None = None
    changed: Fraction | None = None


class AnnotationRecord(Struct, frozen=True):
    """What a simulated annotator said and what it cost.

    Args:
        cost: Of all items asked about so far, the initial set and those without a label included, in the unit of
            `annotator.price`.
        abstained: Items asked about so far that got no label: they are paid for and not trained on.
        wrong: Labels given so far that are not the true class.
        answers: [B] the label given to each item of the batch, None where none was given; None in the last round.
    """

    cost: Count
    abstained: Count = 0
    wrong: Count = 0
    answers: list[Count | None] | None = None


class TuningRecord(Struct, frozen=True, kw_only=True):
    """The hyper-parameters that a round's learner was trained with, and how they were chosen; seconds are in `tune`.

    Args:
        values: Key to value.
        chosen: The number of the trial that they are of; 0: as configured.
        trials: Configurations that were trained in this round, the configured one among them; 0 where the values are
            of an earlier round, or where the labelled points could not be cut.
        folds: Parts that the points held out were cut into.
        labels: Labelled points that the trials read.
        held_out: Those of them that were held out once; the others are the only ones of their class.
        loss: What `tuning.metric` says of the values over the points held out: nats, or a share that is wrong.
        configured_loss: The same of the configured ones; None where they cannot be trained.
        note: Why nothing was tried where something should have been.
    """

    values: dict[str, Any] = field(default_factory=dict)
    chosen: Count = 0
    trials: Count = 0
    folds: Count = 0
    labels: Count = 0
    held_out: Count = 0
    loss: Measure | None = None
    configured_loss: Measure | None = None
    note: str = ""


class SuccessorRecord(Struct, frozen=True):
    """How good a second learner is that was trained on the same labels, and that chose none of them.

    Args:
        metrics: Quality on the test part by metric; null where one has no value.
        fit: What its training did, an entry a member.
    """

    metrics: dict[str, Measure | None] = field(default_factory=dict)
    fit: list[FitRecord] = field(default_factory=list)


TUNE = "tune"
"""The stage of a round as which its trials of hyper-parameters are timed."""

SUCCESSOR = "successor_"
"""How the names of metrics of a successor begin: `successor_accuracy`."""


class RoundRecord(Struct, frozen=True, kw_only=True):
    """One round: the labelled set, the training, its quality, and what was acquired.

    Args:
        round: Counted from 0.
        labelled: Labelled points that this round's networks were trained on, the initial set included; with an
            annotator who gives some items no label, the items asked about.
        accuracy, nll, ece: Quality on the test part (see `al_bench.metrics`); None where it was not evaluated.
        metrics: Further metrics by name: al-bench's (see `al-bench guide metrics`), and those of the user's own.
        class_metrics: Name to values [C] of the metrics by class, recall and precision, to six decimals; None for a
            class that the test part has no points of.
        confusion: [C, C] test points by true class (row) and predicted class (column); None with more than 50 classes.
        class_results: With more than 50 classes instead: `predicted` and `right` to counts [C] of test points.
        successor: The quality of a second learner on the same labels; None without one, or in a round not evaluated.
        tuning: The hyper-parameters of the round and how they were chosen; None where none are tuned.
        validation_accuracy: The accuracy on the validation set of a run that stops by it; None elsewhere.
        stop_set: How the predictions for a fixed part of the pool moved; None where none was asked for, and in records
            of versions that had none.
        stopped_by: The stopping rule that made this round the last, by name; None where none did.
        class_counts: [C] labelled points by their true class.
        fit: What the training of each network did; empty in a cold start's round 0.
        candidates: Points that were scored; None in the last round.
        acquired: [B] dataset indices in the order picked; None in the last round, which acquires nothing.
        scores: [B] the score of each when it was picked; None where the strategy has none.
        acquired_labels: [B] their true classes; the number of classes for an item of none of them.
        acquired_items: [B] what the user calls each: the row of the file, counted from 0 without the header, or a text
            of the column `dataset.id`; None where the data set is none of the user's.
        annotation: What the annotator said and what it cost; None where every label was true and cost 1, as in records
            of versions that had no annotators.
        notes: What the strategy says of the batch.
        health: None in records of versions that did not measure it.
        seconds: Stage to wall-clock seconds.
        peak_memory_bytes: Stage to the highest memory seen, in bytes.
    """

    schema: int = SCHEMA
    round: Count
    labelled: Count
    accuracy: Fraction | None
    nll: Measure | None = None
    ece: Measure | None = None
    metrics: dict[str, Measure | None] = field(default_factory=dict)
    class_metrics: dict[str, list[Measure | None]] = field(default_factory=dict)
    confusion: list[list[Count]] | None = None
    class_results: dict[str, list[Count]] | None = None
    successor: SuccessorRecord | None = None
    tuning: TuningRecord | None = None
    validation_accuracy: Fraction | None = None
    stop_set: StopSetRecord | None = None
    stopped_by: Name | None = None
    class_counts: list[Count] = field(default_factory=list)
    fit: list[FitRecord] = field(default_factory=list)
    candidates: Count | None = None
    acquired: list[Count] | None
    scores: list[Measure] | None = None
    acquired_labels: list[Count] | None = None
    acquired_items: list[Item] | None = None
    annotation: AnnotationRecord | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    health: HealthRecord | None = None
    seconds: dict[str, Measure] = field(default_factory=dict)
    peak_memory_bytes: dict[str, Whole] = field(default_factory=dict)

    @property
    def further_metrics(self) -> dict[str, float | None]:
        """The metrics of one number beside accuracy, nll and ece, those of a successor included."""
        judged = {} if self.successor is None else self.successor.metrics
        return self.metrics | {f"{SUCCESSOR}{name}": value for name, value in judged.items()}

    def metric(self, name: str) -> float | None:
        """The value of a metric of one number; None where this round has none on record.

        How many classes the labelled set has is known of every round with class counts.
        """
        if name == "classes_found" and self.class_counts:
            return float(sum(count > 0 for count in self.class_counts))
        value = getattr(self, name) if name in ("accuracy", "nll", "ece") else self.further_metrics.get(name)
        return None if value is None else float(value)

    def class_metric(self, name: str, label: int) -> float | None:
        """The value of a metric of one class, such as its recall; None where this round has none on record."""
        values = self.class_metrics.get(name) or []
        value = values[label] if label < len(values) else None
        return None if value is None else float(value)


class RunHeader(Struct, frozen=True, kw_only=True):
    """What ran: written once, before the first round.

    Args:
        study, dataset, arm, seed: What the run is called.
        strategy: The name of its option; None in the oldest records.
        oracle: Whether the strategy reads the pool's true labels.
        reference: "full" for a run that trains once on the whole pool, else "none".
        command: The overrides as typed; None in the oldest records.
        choices: Config group to chosen option.
        implied: Config group to what implied its choice, such as "model=random_forest"; no entry: chosen, or default.
        classes, class_names: Of the dataset.
        pool, validation, test: Points of each part.
        pool_classes, test_classes: [C] points of each class in the pool and in the test part; empty in records of
            versions that did not write them.
        initial: Dataset indices asked about in round 0, the initial set; None for a run on the full pool.
        initial_items: What the user calls each of them; None where the data set is none of the user's.
        functions: K, the distinct functions of the posterior.
        fingerprint: Of the data.
        features: Digest of the file of strategy.features, or of the features reduced from an encoder's sparse ones.
        device, threads: Where it ran.
        versions: Of what results depend on.
        commit, dirty: Of the checkout; None outside one.
        host, platform, processor, cores, started: The machine, and when.
        identity: The keys that may not differ within a folder, flat, with their values.
        health: Thresholds of the health checks.
        first_round: The cache's entry of round 0.
        digests: How the lines of rounds.jsonl are protected; None in records of versions that wrote no digests.
        extended: One entry each time the run went on to more labels than it had been asked for.
        own_code: Files and digests of a user's own components; None where all are al-bench's.
        own_metrics: Name to label, unit and direction of the user's own metrics.
        encoding: Of the encoder's features: digest, dimension, weights, versions, device; None without an encoder.
        pretrained: Of the weights that a model began with: digest and versions; None where it began at random.
        test_class_counts: [C] points of the test part by class; empty in records of versions that did not count them.
        successor: What the second learner is made of: options and keys; None without one.
    """

    schema: int = SCHEMA
    study: Name
    dataset: Name
    arm: Name
    seed: Whole
    strategy: Name | None = None
    oracle: bool = False
    reference: str = "none"
    command: list[str] | None = None
    choices: dict[str, Any] = field(default_factory=dict)
    implied: dict[str, str] = field(default_factory=dict)
    classes: Count | None = None
    class_names: list[str] = field(default_factory=list)
    pool: Count | None = None
    validation: Count | None = None
    test: Count | None = None
    pool_classes: list[Count] = field(default_factory=list)
    test_classes: list[Count] = field(default_factory=list)
    initial: list[Count] | None = None
    initial_items: list[Item] | None = None
    functions: Whole | None = None
    fingerprint: str | None = None
    features: str | None = None
    device: str | None = None
    threads: Whole | None = None
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    dirty: bool | None = None
    host: str | None = None
    platform: str | None = None
    processor: str | None = None
    cores: Whole | None = None
    started: str | None = None
    identity: dict[str, Any] | None = None
    health: dict[str, Any] | None = None
    first_round: dict[str, Any] | None = None
    digests: str | None = None
    extended: list[dict[str, Any]] = field(default_factory=list)
    own_code: dict[str, Any] | None = None
    pretrained: dict[str, Any] | None = None
    own_metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    encoding: dict[str, Any] | None = None
    test_class_counts: list[Count] = field(default_factory=list)
    successor: dict[str, Any] | None = None
