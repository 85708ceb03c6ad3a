"""Range checks of configuration keys: each raises an InputError of one form, "KEY is VALUE; it must be RULE".

`key` is the key as the user types it, such as `schedule.batch`. `note` is appended to the sentence: a unit, or what
else is allowed, such as ", or null". NaN fulfils no rule.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from al_bench.errors import InputError


def require(fulfilled: bool, key: str, value: object, rule: str) -> None:
    """Raise InputError "`key` is `value`; it must be `rule`" unless the rule is fulfilled."""
    if not fulfilled:
        raise InputError(f"{key} is {value!r}; it must be {rule}")


def at_least(key: str, value: float, low: float, note: str = "", *, finite: bool = False) -> None:
    """Require value ≥ low, and with `finite` value < ∞."""
    rule = f"at least {low} and finite" if finite else f"at least {low}"
    require(value >= low and (not finite or value < math.inf), key, value, rule + note)


def above(key: str, value: float, low: float, note: str = "", *, finite: bool = False) -> None:
    """Require value > low, and with `finite` value < ∞."""
    rule = f"above {low} and finite" if finite else f"above {low}"
    require(value > low and (not finite or value < math.inf), key, value, rule + note)


def fraction(key: str, value: float, note: str = "", *, zero: bool = True, one: bool = True) -> None:
    """Require 0 ≤ value ≤ 1; without `zero` 0 < value, without `one` value < 1."""
    low, high = "at least 0" if zero else "above 0", "at most 1" if one else "below 1"
    good = (value >= 0 if zero else value > 0) and (value <= 1 if one else value < 1)
    require(good, key, value, f"{low} and {high}{note}")


def one_of(key: str, value: object, allowed: Collection[object], note: str = "") -> None:
    """Require that the value is one of those allowed; the sentence ends in "choose one of A, B"."""
    if value not in allowed:
        raise InputError(f"{key} is {value!r}; choose one of {', '.join(map(str, allowed))}{note}")


def sizes(key: str, values: Sequence[int], least: int = 1) -> None:
    """Require a list of at least `least` whole numbers above 0."""
    good = len(values) >= least and all(value >= 1 for value in values)
    require(good, key, list(values), f"a list of at least {least} whole numbers above 0")
