"""Which choices of a study's runs were made for the user, in words: they followed from an option that he typed."""

from __future__ import annotations

from al_bench.analysis.study import Study
from al_bench.config.implied import implied_line
from al_bench.errors import plain_line


def implied_lines(study: Study) -> tuple[str, ...]:
    """One sentence for each set of choices that were implied, the arms named; none where the user made them all."""
    arms: dict[str, list[str]] = {}
    for arm in study.arms:
        for run in arm.runs:
            choices = {group: str(choice) for group, choice in run.header.choices.items()}
            if run.header.implied and all(group in choices for group in run.header.implied):
                arms.setdefault(implied_line(choices, run.header.implied), []).append(study.title(arm.name))
    return tuple(
        plain_line(f"Not typed in {', '.join(dict.fromkeys(titles))}: {line}.") for line, titles in arms.items()
    )
