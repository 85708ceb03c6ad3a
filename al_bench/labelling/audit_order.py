"""How an audit's items are mixed into a batch: at random places, with ranks and scores like the others'."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from al_bench.labelling.batch import AskedItem


def mix(picked: Sequence[AskedItem], audited: Sequence[str], generator: np.random.Generator) -> list[AskedItem]:
    """The items of a batch in the order shown: the audit's at random places, with ranks and scores like the others'.

    The order of those picked stays. A score lies between those of its neighbours, or equals one of them where the
    batch's scores repeat.

    Args:
        picked: In the order picked.
        audited: The audit's.
        generator: Of the places and scores.
    """
    total = len(picked) + len(audited)
    places = set(generator.choice(total, len(audited), replace=False).tolist())
    scores = [entry.score for entry in picked if entry.score is not None]
    repeat = len(set(scores)) < len(scores)
    picks, further = iter(picked), iter(generator.permutation(np.array(audited, dtype=object)).tolist())
    out: list[AskedItem] = []
    passed = 0
    for place in range(total):
        if place in places:
            near = scores[max(0, passed - 1) : passed + 1]
            score = _between(near, repeat, scores, generator) if near else None
            out.append(AskedItem(item=next(further), rank=place + 1, score=score, audited=True))
            continue
        entry = next(picks)
        passed += 1
        out.append(msgspec.structs.replace(entry, rank=place + 1))
    return _in_line(out)


def _between(near: Sequence[float], repeat: bool, scores: Sequence[float], generator: np.random.Generator) -> float:
    """A score that fits between its neighbours; at an end of the batch, one that goes on by a gap of it."""
    if repeat:
        return float(generator.choice(np.array(near)))
    if len(near) == 2:
        return float(generator.uniform(min(near), max(near)))
    gap = float(generator.choice(np.abs(np.diff(scores)))) if len(scores) > 1 else 0.0
    rises = near[0] >= max(scores)
    return near[0] + gap * float(generator.random()) * (1 if rises else -1)


def _in_line(entries: list[AskedItem]) -> list[AskedItem]:
    """Scores of the audit's items that stand beside each other in the order of the batch, where it has one."""
    own = [entry.score for entry in entries if not entry.audited]
    if any(score is None for score in own) or len(own) < 2:
        return entries
    falls = all(first >= second for first, second in pairwise(own))  # type: ignore[operator]
    if not falls:
        return entries
    out = list(entries)
    start = 0
    while start < len(out):
        end = start
        while end < len(out) and out[end].audited:
            end += 1
        values = sorted((entry.score for entry in out[start:end] if entry.score is not None), reverse=True)
        for offset, score in enumerate(values):
            entry = out[start + offset]
            out[start + offset] = AskedItem(item=entry.item, rank=entry.rank, score=score, audited=True)
        start = end + 1
    return out
