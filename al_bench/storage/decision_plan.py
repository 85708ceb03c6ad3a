"""decide.json beside the arms of a study: what `al-bench decide` fixed at its first look, and the looks it took."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from al_bench.errors import InputError
from al_bench.storage.archive import DECISION, read_record
from al_bench.storage.files import MEGABYTE, write_text
from al_bench.storage.typed_toml import convert

NAME = DECISION
SCHEMA = 1
LIMIT = MEGABYTE
"""Bytes of the file."""

_Seed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Limit = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class DecisionPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was fixed before the first look, and how many looks there were.

    Args:
        schema: The version of the format.
        began: When, in UTC.
        metric: What the arms are judged by.
        baseline: The arm that the others are compared with, as recorded.
        arms: The arms that are compared with it, one or two.
        named: Whether the user named them; else they led the others under the first seeds.
        tests: From how many arms they were picked: each has that part of the error rate.
        first: Seeds that all arms had when they were picked.
        seeds: All seeds, in the order in which they are added.
        looks: How many of them each look has, increasing; the last has all.
        limits: Of |t| of the difference in AUBC at each look.
        ahead: In how many seeds an arm must be ahead at each look, to be shown to be ahead in most of all seeds.
        taken: Looks taken.
    """

    schema: int
    began: str
    metric: _Name
    baseline: _Name
    arms: Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=2)]
    named: bool
    tests: _Count
    first: _Count
    seeds: list[_Seed]
    looks: Annotated[list[_Count], msgspec.Meta(min_length=1)]
    limits: list[_Limit]
    ahead: list[_Count]
    taken: int = 0


def read_decision(folder: Path) -> DecisionPlan | None:
    """The plan in a folder of arms, which may lie in an archive; None where there is none.

    Raises:
        InputError: The file cannot be read, or contradicts itself.
    """
    path = folder / NAME
    advice = "restore the file, or delete it and begin anew"
    try:
        content = msgspec.json.decode(read_record(path, LIMIT))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {advice}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}); {advice}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a JSON object; {advice}")
    if (schema := content.get("schema")) != SCHEMA:
        raise InputError(f"{path} has schema {schema!r:.80}, and this al-bench knows {SCHEMA}")
    plan = convert(content, DecisionPlan, str(path))
    if fault := _fault(plan):
        raise InputError(f"{path}: {fault}; {advice}")
    return plan


def _fault(plan: DecisionPlan) -> str:
    """What in a plan contradicts the rest; empty where nothing does."""
    if any(later <= earlier for earlier, later in zip(plan.looks, plan.looks[1:], strict=False)):
        return "looks do not increase"
    if len(plan.limits) != len(plan.looks) or len(plan.ahead) != len(plan.looks):
        return "limits and ahead need a number for each look"
    if len(plan.seeds) != plan.looks[-1] or len(set(plan.seeds)) != len(plan.seeds):
        return f"seeds are not {plan.looks[-1]} different ones, as many as the last look has"
    if len({plan.baseline, *plan.arms}) != len(plan.arms) + 1:
        return "baseline and arms are not all different"
    if not 0 <= plan.taken <= len(plan.looks):
        return f"taken is {plan.taken}, of {len(plan.looks)} looks"
    if plan.first > plan.looks[0] or plan.tests < len(plan.arms):
        return "first and tests do not fit looks and arms"
    return ""


def decision_text(plan: DecisionPlan) -> str:
    """The plan as JSON."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1).decode() + "\n"


def write_decision(folder: Path, plan: DecisionPlan) -> None:
    """Write the plan, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    try:
        write_text(folder / NAME, decision_text(plan))
    except OSError as error:
        raise InputError(f"{folder / NAME} cannot be written: {error.strerror or error}") from error
