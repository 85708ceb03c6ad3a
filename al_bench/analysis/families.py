"""Families of tests: which arms are corrected together, how many tests that is, and what would weaken a claim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from al_bench.analysis.study import Study

if TYPE_CHECKING:
    from al_bench.analysis.finding import Finding


def tested_families(study: Study) -> list[list[str]]:
    """The names of the arms whose tests are corrected together: of each setting the planned ones, then the others."""
    families = []
    for setting in study.every_setting:
        tested = [name for name in setting.arms if study.baseline_of(name) is not None and study.is_tested(name)]
        for planned in (True, False):
            if family := [name for name in tested if (name in study.planned) == planned]:
                families.append(family)
    return families


def family_lines(study: Study, judged: Sequence[Finding]) -> tuple[str, ...]:
    """What was tested, in sentences: one for each family, then what weakens a claim; none where nothing was tested.

    Args:
        study: The arms of one dataset.
        judged: What `findings` says of them.
    """
    by_name = {finding.name: finding for finding in judged}
    lines = []
    for names in tested_families(study):
        tested = [by_name[name] for name in names if by_name[name].tests]
        if tested:
            lines.append(_family_line(study, tested))
    if lines:
        lines.append(
            "Further arms of the same setting weaken each claim, as more was tried; arms of another setting do not. "
            "Arms that were named before the results were seen are tested by themselves: --planned STRATEGY."
        )
    return tuple(lines)


def _family_line(study: Study, tested: Sequence[Finding]) -> str:
    first = tested[0]
    kind = "planned " if first.planned else "further " if study.planned and not first.planned else ""
    arms = f"{len(tested)} {kind}{'arm' if len(tested) == 1 else 'arms'}"
    goals = "difference in AUBC"
    if first.primary is not None:
        goals += f" and {study.budget.noun} saved at {study.target_text(first.primary)}"
    alike = {frozenset((finding.name, *finding.alike)) for finding in tested if finding.alike}
    same = "; ".join(" and ".join(sorted(study.title(name) for name in names)) for names in sorted(alike, key=sorted))
    same = f" ({same} rank alike with two classes and are one test)" if same else ""
    budgets = max(finding.budget_tests for finding in tested)
    return (
        f"Tested against {study.title(first.baseline)}: {arms}{same}, {first.tests} "
        f"{'test' if first.tests == 1 else 'tests'} ({goals}), corrected together; "
        f"{budgets} differences by {study.budget.count}, likewise."
    )
