"""How tables mark an arm: unpaired with the baseline, or a reader of the pool's labels."""

from __future__ import annotations

from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Value


def arm_title(study: Study, name: str) -> str:
    """An arm's title with its marks: the baseline, † where it is unpaired, ‡ where it reads the pool's labels."""
    marks = ("†" if name in study.unpaired else "") + ("‡" if study.oracle(name) else "")
    return study.title(name) + (f" {marks}" if marks else "")


def marks_note(study: Study) -> str:
    """What the marks in the titles mean, as far as the study has them."""
    notes = []
    if study.unpaired:
        notes.append(
            f"† unpaired: does not share the network of round 0 with {study.title(study.baseline or '')}; "
            "differences under one seed carry the spread of both networks."
        )
    if any(study.oracle(group.name) for group in study.groups):
        notes.append("‡ reads the pool's true labels: a ceiling, no strategy, never called a winner.")
    return " ".join(notes)


def who(study: Study, name: str) -> dict[str, Value]:
    """The keys that begin every record of a table."""
    return {"dataset": study.dataset, "arm": name, "unpaired": name in study.unpaired}
