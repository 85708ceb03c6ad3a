"""What the runs of a dataset have in common: the network of round 0, the data, the settings of an arm's seeds."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.groups import Group
from al_bench.analysis.runs import Run
from al_bench.analysis.titles import settings

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


def other_data(groups: Sequence[Group], base: Group | None) -> tuple[str, ...]:
    """A line for every arm that was run on other data than the baseline under a seed that both have."""
    lines = []
    for group in groups if base is not None else ():
        assert base is not None
        theirs = {run.seed: run for run in base.runs}
        seeds = [str(run.seed) for run in group.runs if not same_data(run, theirs.get(run.seed, run))]
        if seeds:
            many = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"
            lines.append(f"{group.name} was run on other data than {base.name}: {many} cannot be compared")
    return tuple(lines)


def mixtures(groups: Sequence[Group]) -> tuple[str, ...]:
    """A line for every arm whose seeds were not configured alike or stop at different label counts."""
    lines = []
    for group in groups:
        identities = [run.header.get("identity") for run in group.runs]
        known = [identity for identity in identities if isinstance(identity, dict)]
        keys = {key for identity in known for key in identity if key != "seed"}
        differing = sorted(key for key in keys if len({str(identity.get(key)) for identity in known}) > 1)
        if differing:
            lines.append(f"the seeds of {group.name} differ in {', '.join(differing)}")
        if len({run.header.get("fingerprint") for run in group.runs} - {None}) > 1:
            lines.append(f"the seeds of {group.name} were run on different data")
        ends = [run.labels[-1] for run in group.runs]
        if min(ends) != max(ends):
            lines.append(f"the seeds of {group.name} end at {min(ends)} to {max(ends)} labels")
    return tuple(lines)
