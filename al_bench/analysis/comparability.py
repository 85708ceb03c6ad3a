"""What the runs of a dataset have in common: the network of round 0, the data, the configuration of an arm's seeds."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.arms import Arm, recorded_configuration
from al_bench.errors import InputError
from al_bench.rng import PURPOSES, crossed_seeds
from al_bench.storage.decision_plan import read_decision
from al_bench.storage.identity import present_identity
from al_bench.storage.runs import Run

# Keys of a run's identity that shape the network of round 0 or the data it sees.
_NETWORK = ("dataset.", "encoder.", "model.", "posterior.", "training.", "initial.", "validation.", "threads.")


def share_network(arm: Arm, base: Arm) -> bool:
    """Whether every seed that both arms have starts from the same network and initial set."""
    theirs = {run.seed: run for run in base.runs}
    pairs = [(run, theirs[run.seed]) for run in arm.runs if run.seed in theirs]
    return bool(pairs) and all(
        (ours.labels[0], ours.accuracy[0]) == (other.labels[0], other.accuracy[0])
        and _network_keys(ours) == _network_keys(other)
        for ours, other in pairs
    )


def _network_keys(run: Run) -> dict[str, str]:
    """The recorded keys that shape a run's network of round 0; empty where the record has none."""
    keys = recorded_configuration(run)
    return {key: str(value) for key, value in keys.items() if f"{key}.".startswith(_NETWORK)}


def same_data(first: Run, second: Run) -> bool:
    """Whether two runs saw the same data, by their fingerprints; a run without one counts as on the same."""
    fingerprints = first.header.fingerprint, second.header.fingerprint
    return None in fingerprints or fingerprints[0] == fingerprints[1]


def seeds_of_run(run: Run) -> tuple[int, ...]:
    """A run's seed, and those of its initial set, its training and its picking."""
    keys = run.header.identity or {}
    own = [keys.get(f"seeds.{purpose}") for purpose in PURPOSES]
    if (levels := keys.get("seeds.crossed")) is not None:
        own[: len(levels)] = crossed_seeds(run.seed, levels)
    return (run.seed, *(run.seed if seed is None else seed for seed in own))


def paired(first: Run, second: Run) -> bool:
    """Whether two runs can be compared under their seeds: all four are the same, and the data."""
    return seeds_of_run(first) == seeds_of_run(second) and same_data(first, second)


def shared_seeds_line(arms: Sequence[Arm]) -> tuple[str, ...]:
    """What a crossed study means for tests and intervals, in a sentence; none where every run has seeds of its own."""
    shared = [
        purpose
        for place, purpose in enumerate(PURPOSES, start=1)
        if any(len({seeds_of_run(run)[place] for run in arm.runs}) < len(arm.runs) for arm in arms)
    ]
    if not shared:
        return ()
    return (
        f"Runs share seeds of {' and '.join(shared)}: they are not independent, and the tests and intervals below, "
        "which take them as if they were, claim too much; judge strategies by runs whose seeds all differ.",
    )


def looks_line(arms: Sequence[Arm]) -> tuple[str, ...]:
    """That al-bench decide looked at these runs while it added seeds, in a sentence a study; none where it did not."""
    lines = []
    for home in dict.fromkeys(run.folder.parent.parent for arm in arms for run in arm.runs):
        try:
            plan = read_decision(home)
        except InputError as error:
            lines.append(f"{error}.")
            continue
        if plan is not None and plan.taken:
            looks = "1 look" if plan.taken == 1 else f"{plan.taken} looks"
            seeds = ", ".join(str(look) for look in plan.looks[: plan.taken])
            lines.append(
                f"al-bench decide took {looks} at {', '.join([*plan.arms, plan.baseline])}, with {seeds} seeds, and "
                "added seeds by what it saw: the tests and intervals here do not know of that, and claim too much. "
                "What holds over all looks is said by al-bench decide."
            )
    return tuple(lines)


def seed_differences(arms: Sequence[Arm], base: Arm | None) -> tuple[str, ...]:
    """A line for every arm that under some seed has other `seeds` than the baseline, so that these are no pairs."""
    theirs = {} if base is None else {run.seed: run for run in base.runs}
    lines = []
    for arm in arms:
        runs = [run for run in arm.runs if run.seed in theirs]
        other = [run.seed for run in runs if seeds_of_run(run) != seeds_of_run(theirs[run.seed])]
        if other and base is not None:
            named = f"seed{'s' if len(other) > 1 else ''} {', '.join(map(str, other))}"
            lines.append(f"{arm.name} has other seeds.* than {base.name} under {named}, which cannot be compared")
    return tuple(lines)


def arms_on_other_data(arms: Sequence[Arm], base: Arm | None) -> tuple[Arm, ...]:
    """The arms that share seeds with the baseline and under every one of them were run on other data."""
    if base is None:
        return ()
    seeds = ((arm, *_shared_seeds(arm, base)) for arm in arms)
    return tuple(arm for arm, shared, other in seeds if shared and len(other) == len(shared))


def data_differences(arms: Sequence[Arm], base: Arm | None) -> tuple[str, ...]:
    """A line for every arm that under some seed was run on other data than the baseline."""
    if base is None:
        return ()
    lines = []
    for arm in arms:
        shared, other = _shared_seeds(arm, base)
        if not other:
            continue
        if len(other) == len(shared):
            consequence = "it is left out; to compare arms on its data, give only their folders"
        else:
            seeds = f"seed{'s' if len(other) > 1 else ''} {', '.join(map(str, other))}"
            consequence = f"{seeds} cannot be compared"
        lines.append(f"{arm.name} was run on other data than {base.name}: {consequence}")
    return tuple(lines)


def _shared_seeds(arm: Arm, base: Arm) -> tuple[list[int], list[int]]:
    """The seeds that an arm has in common with the baseline, and those of them that saw other data."""
    theirs = {run.seed: run for run in base.runs}
    shared = [run for run in arm.runs if run.seed in theirs]
    other = [run.seed for run in shared if not same_data(run, theirs[run.seed])]
    return [run.seed for run in shared], other


def inconsistent_seeds(arms: Sequence[Arm]) -> tuple[str, ...]:
    """A line for every arm whose seeds differ in their configuration, their data or their own code."""
    lines = []
    for arm in arms:
        known = [present_identity(run.header) for run in arm.runs if run.header.identity is not None]
        keys = {key for identity in known for key in identity if key != "seed" and not key.startswith("seeds.")}
        # A key that a record lacks is no difference: the al-bench that wrote it did not know the key.
        values = {key: {str(identity[key]) for identity in known if key in identity} for key in keys}
        differing = sorted(key for key in keys if len(values[key]) > 1)
        if differing:
            lines.append(f"the seeds of {arm.name} differ in {', '.join(differing)}")
        if len({run.header.fingerprint for run in arm.runs} - {None}) > 1:
            lines.append(f"the seeds of {arm.name} were run on different data")
        if len({str(run.header.own_code.get("digest")) for run in arm.runs if run.header.own_code}) > 1:
            lines.append(f"the seeds of {arm.name} were run with different code of your own")
    return tuple(lines)


def unequal_lengths(arms: Sequence[Arm]) -> tuple[str, ...]:
    """A line for every arm whose seeds stop at different label counts."""
    lines = []
    for arm in arms:
        ends = [run.labels[-1] for run in arm.runs]
        if min(ends) != max(ends):
            lines.append(f"the seeds of {arm.name} end at {arm.budget.range.format(min(ends), max(ends))}")
    return tuple(lines)


def point_predictions(arms: Sequence[Arm]) -> tuple[str, ...]:
    """A line for the arms whose posterior asked for dropout masks of models that have no dropout, by K."""
    by_count: dict[tuple[str, int], list[str]] = {}
    for arm in arms:
        header = arm.runs[0].header
        identity, option = header.identity or {}, str(header.choices.get("posterior"))
        members, draws = identity.get("posterior.members"), identity.get("posterior.draws")
        several = isinstance(draws, int) and draws > 1
        if option.startswith("mc_dropout") and several and header.functions == members is not None:
            by_count.setdefault((option, members), []).append(arm.name)
    return tuple(
        f"posterior={option} had no dropout to draw in {', '.join(names)}: "
        + ("its runs are point predictions" if members == 1 else f"its draws are those of {members} networks")
        + f" (K = {members} function{'s' if members > 1 else ''})"
        for (option, members), names in by_count.items()
    )


def stopped_by_the_test_part(arms: Sequence[Arm]) -> tuple[str, ...]:
    """A line for the arms that end where their accuracy on the test part says so."""
    stopped = [
        arm.name
        for arm in arms
        if (identity := arm.runs[0].header.identity or {}).get("schedule.stop_at_accuracy") is not None
        and identity.get("schedule.stop_at_accuracy_on", "test") == "test"
    ]
    if not stopped:
        return ()
    return (
        f"{', '.join(stopped)}: schedule.stop_at_accuracy reads the labels of the test part; how many labels such a "
        "run takes is no result of a strategy, which would not have them",
    )
