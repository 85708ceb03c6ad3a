"""What the runs of a dataset have in common: the network of round 0, the data, the settings of an arm's seeds."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.arms import Group, settings
from al_bench.storage.runs import Run

# Keys of a run's identity that shape the network of round 0 or the data it sees.
_NETWORK = ("dataset.", "model.", "posterior.", "training.", "initial.", "validation.", "threads.")


def share_network(group: Group, base: Group) -> bool:
    """Whether every seed that both arms have starts from the same network and initial set."""
    ours, theirs = ({run.seed: run for run in one.runs} for one in (group, base))
    shared = sorted(set(ours) & set(theirs))
    for seed in shared:
        one, other = ours[seed], theirs[seed]
        if (one.labels[0], one.accuracy[0]) != (other.labels[0], other.accuracy[0]):
            return False
        if _network(one) != _network(other):
            return False
    return bool(shared)


def _network(run: Run) -> dict[str, str]:
    """What shapes a run's network of round 0, of its record; empty where that has nothing."""
    return {key: str(value) for key, value in settings(run).items() if f"{key}.".startswith(_NETWORK)}


def same_data(one: Run, other: Run) -> bool:
    """Whether two runs saw the same data, by their fingerprints; where one has none nothing speaks against it."""
    prints = one.header.get("fingerprint"), other.header.get("fingerprint")
    return None in prints or prints[0] == prints[1]


def foreign(groups: Sequence[Group], base: Group | None) -> tuple[Group, ...]:
    """The arms that share seeds with the baseline and under every one of them were run on other data."""
    if base is None:
        return ()
    shared = ((group, *_shared(group, base)) for group in groups)
    return tuple(group for group, seeds, other in shared if seeds and len(other) == len(seeds))


def other_data(groups: Sequence[Group], base: Group | None) -> tuple[str, ...]:
    """A line for every arm that under some seed was run on other data than the baseline."""
    if base is None:
        return ()
    lines = []
    for group in groups:
        shared, other = _shared(group, base)
        if not other:
            continue
        if len(other) == len(shared):
            end = "it is left out; for its data name its folders alone"
        else:
            end = f"seed{'s' if len(other) > 1 else ''} {', '.join(map(str, other))} cannot be compared"
        lines.append(f"{group.name} was run on other data than {base.name}: {end}")
    return tuple(lines)


def _shared(group: Group, base: Group) -> tuple[list[int], list[int]]:
    """The seeds that an arm has in common with the baseline, and those of them that saw other data."""
    theirs = {run.seed: run for run in base.runs}
    shared = [run for run in group.runs if run.seed in theirs]
    other = [run.seed for run in shared if not same_data(run, theirs[run.seed])]
    return [run.seed for run in shared], other


def mixtures(groups: Sequence[Group]) -> tuple[str, ...]:
    """A line for every arm whose seeds were not configured alike or saw different data."""
    lines = []
    for group in groups:
        identities = [run.header.get("identity") for run in group.runs]
        known = [identity for identity in identities if isinstance(identity, dict)]
        keys = {key for identity in known for key in identity if key != "seed"}
        # A key that a record lacks is no difference: the al-bench that wrote it did not know the key.
        values = {key: {str(identity[key]) for identity in known if key in identity} for key in keys}
        differing = sorted(key for key in keys if len(values[key]) > 1)
        if differing:
            lines.append(f"the seeds of {group.name} differ in {', '.join(differing)}")
        if len({run.header.get("fingerprint") for run in group.runs} - {None}) > 1:
            lines.append(f"the seeds of {group.name} were run on different data")
    return tuple(lines)


def uneven(groups: Sequence[Group]) -> tuple[str, ...]:
    """A line for every arm whose seeds stop at different label counts."""
    lines = []
    for group in groups:
        ends = [run.labels[-1] for run in group.runs]
        if min(ends) != max(ends):
            lines.append(f"the seeds of {group.name} end at {min(ends)} to {max(ends)} labels")
    return tuple(lines)
