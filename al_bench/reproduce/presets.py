"""The presets that ship with al-bench: conf/experiment/NAME/claims.toml, each checked as it is read."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

from al_bench.config.compose import conf_dir
from al_bench.errors import InputError
from al_bench.reproduce.preset import METRICS, RULES, SCALES, Arm, Claim, Preset, Size

_CLAIM = {
    *("id", "text", "metric", "arm", "versus", "at", "from", "to", "target", "settings", "band", "published"),
    *("published_band", "source", "scales", "findings", "rule", "seeds"),
}
_CURVES = {"id", "text", "arm", "tolerance", "source", "scales", "findings", "points"}


def folder() -> Path:
    """Where the experiments of papers lie: NAME.yaml, and in NAME/ its scales and its claims."""
    return Path(conf_dir()) / "experiment"


def names() -> tuple[str, ...]:
    """The presets there are, in the order in which `--all` runs them."""
    text = (folder() / "order.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def preset(name: str) -> Preset:
    """The preset called `name`.

    Raises:
        InputError: There is none; the message offers near names.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        offer = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(known)}"
        raise InputError(f"there is no preset {name!r}; {offer}")
    text = (folder() / name / "claims.toml").read_text(encoding="utf-8")
    return parse(tomllib.loads(text), name)


def parse(entry: dict[str, Any], name: str) -> Preset:
    """A preset from its file's contents, checked.

    Raises:
        InputError: naming what is wrong with it.
    """
    arms = tuple(
        Arm(
            arm["name"],
            tuple(arm["overrides"]),
            tuple(arm.get("scales", SCALES)),
            {scale: tuple(arm[scale]) for scale in SCALES if scale in arm},
        )
        for arm in entry.get("arm", ())
    )
    sizes = {
        scale: Size(
            scale,
            tuple(size["seeds"]),
            float(size["minutes"]),
            size["basis"],
            (*entry.get("departures", ()), *size.get("departures", ())),
        )
        for scale, size in entry.get("scale", {}).items()
    }
    claims = [_claim(claim, name) for claim in entry.get("claim", ())]
    claims += [point for curve in entry.get("curve", ()) for point in _curve(curve, name)]
    claims += [_claim(claim, name) for claim in entry.get("report", ())]
    found = Preset(
        name, entry["paper"], entry["dataset"], entry.get("published", ""), tuple(entry.get("notes", ())), arms, sizes,
        tuple(claims),
    )  # fmt: skip
    _check(found)
    return found


def _claim(entry: dict[str, Any], name: str) -> Claim:
    if unknown := set(entry) - _CLAIM:
        raise InputError(f"preset {name}: a claim has the key {sorted(unknown)[0]!r}, which nothing reads")
    span = (int(entry["from"]), int(entry["to"])) if "from" in entry else None
    band, published = (tuple(map(float, entry[key])) if key in entry else None for key in ("band", "published_band"))
    return Claim(
        id=entry["id"],
        text=entry["text"],
        metric=entry["metric"],
        arm=entry["arm"],
        versus=entry.get("versus", ""),
        at=entry.get("at"),
        span=span,
        target=entry.get("target"),
        rule=entry.get("rule", "isotonic"),
        seeds=tuple(entry.get("seeds", ())),
        settings=tuple(tuple(setting) for setting in entry.get("settings", ())),
        band=band,  # type: ignore[arg-type]
        published=entry.get("published"),
        published_band=published,  # type: ignore[arg-type]
        source=entry["source"],
        scales=tuple(entry.get("scales", SCALES)),
        findings=dict(entry.get("findings", {})),
    )


def _curve(entry: dict[str, Any], name: str) -> list[Claim]:
    """A logged curve as one claim a point: [labels, q25, median, q75], accuracies in per cent; so is the tolerance."""
    if unknown := set(entry) - _CURVES:
        raise InputError(f"preset {name}: a curve has the key {sorted(unknown)[0]!r}, which nothing reads")
    tolerance = float(entry["tolerance"])
    return [
        Claim(
            id=f"{entry['id']}_{labels}",
            text=f"{entry['text']} at {labels} labels: inside the logged quartiles ± {tolerance:g} points",
            metric="accuracy",
            arm=entry["arm"],
            at=labels,
            band=(low - tolerance, high + tolerance),
            published=middle,
            published_band=(low, high),
            source=entry["source"],
            scales=tuple(entry.get("scales", SCALES)),
            findings=dict(entry.get("findings", {})),
            spread=True,
        )
        for labels, low, middle, high in entry["points"]
    ]


def _check(found: Preset) -> None:
    """Raises InputError where a preset cannot be run or judged as it stands."""
    arms, ids = [arm.name for arm in found.arms], [claim.id for claim in found.claims]
    for kind, given in (("arm", arms), ("claim", ids)):
        if twice := [word for word in given if given.count(word) > 1]:
            raise InputError(f"preset {found.name}: two {kind}s are called {twice[0]!r}")
    if set(found.sizes) != set(SCALES):
        raise InputError(f"preset {found.name} has the scales {', '.join(found.sizes)}, not {', '.join(SCALES)}")
    for claim in found.claims:
        where = f"preset {found.name}, claim {claim.id}"
        for key, value, allowed in (("metric", claim.metric, METRICS), ("rule", claim.rule, RULES)):
            if value not in allowed:
                raise InputError(f"{where}: {key} is {value!r}; allowed are {', '.join(allowed)}")
        for scale in claim.scales:
            there = {arm.name for arm in found.at(scale)}
            if unknown := [arm for arm in claim.arms if arm not in there]:
                raise InputError(f"{where} names the arm {unknown[0]!r}, which the scale {scale} does not have")
            if others := sorted(set(claim.seeds) - set(found.sizes[scale].seeds)):
                raise InputError(f"{where} names the seed {others[0]}, which the scale {scale} does not have")
        if unknown := sorted(set(claim.findings) - set(claim.scales)):
            raise InputError(f"{where} has a finding at the scale {unknown[0]!r}, at which it is not judged")
        if claim.band is not None and not claim.band[0] < claim.band[1]:
            raise InputError(f"{where}: the band {list(claim.band)} is empty")
        if missing := _missing(claim):
            raise InputError(f"{where}: {claim.metric} needs {missing}")


def _missing(claim: Claim) -> str:
    """What a claim's metric needs and it does not have."""
    place = (claim.at is None) != (claim.span is None)
    needs = {
        "accuracy_difference": (claim.versus != "" and place, "versus, and at or a span"),
        "accuracy": (place, "at or a span"),
        "labels_ratio": (claim.versus != "" and claim.target is not None, "versus and target"),
        "labels": (claim.target is not None, "target"),
        "balance_difference": (claim.versus != "" and claim.at is not None, "versus and at"),
        "penalty_place": (bool(claim.settings) and claim.arm in claim.settings[0], "settings, with arm in the first"),
    }
    enough, words = needs[claim.metric]
    return "" if enough else words
