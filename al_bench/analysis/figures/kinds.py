"""The table of figures: what `al-bench plot --kind` and the report draw, and the door for a plot of one's own.

A kind is a function from studies to a matplotlib Figure: `draw(studies, *, title=None, width="page", ...)`, further
arguments being those options of FigureRequest that the figure takes, by their names. Adding one to the package touches
its file, one line in KINDS, and one test. A package of one's own registers its function as an entry point of the group
`al_bench.plots`; a function in a module of one's own is named on the command line, `--kind module:function`.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.entry_points import offers, the_offer
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.analysis.study import Study

_FIGURES = "al_bench.analysis.figures"


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Args:
        draw: The function that draws it, as "module:function": it is imported when a figure is drawn, not for a help
            page.
        help: What it shows, in one line.
        options: The options of FigureRequest that it takes, beside `title` and `width`; None: those that are
            arguments of the function.
        needs: Those of them that must be given.
        styled: Whether each arm has a line style of its own.
        own: Whether it is a user's or a package's: whatever goes wrong in it is reported in one line.
    """

    draw: str
    help: str
    options: tuple[str, ...] | None = ()
    needs: tuple[str, ...] = ()
    styled: bool = False
    own: bool = False


KINDS: dict[str, Kind] = {
    "curves": Kind(
        f"{_FIGURES}.curves:draw_curves",
        "accuracy or another metric against labels or seconds (--metric, --x, --axis)",
        ("quantity", "x", "axis", "statistic", "ends", "targets", "papers", "marks"),
        styled=True,
    ),
    "difference": Kind(
        f"{_FIGURES}.difference:draw_difference",
        "the metric less the baseline's under the same seed (--baseline, random by default)",
        ("quantity", "statistic", "baseline"),
        styled=True,
    ),
    "targets": Kind(
        f"{_FIGURES}.labels_to_target:draw_labels_to_target",
        "labels to each --target as bars, those not reached drawn as such (--rule)",
        ("quantity", "targets", "rule", "papers"),
        needs=("targets",),
        styled=True,
    ),
    "penalty": Kind(
        f"{_FIGURES}.penalty:draw_study_penalty",
        "the pairwise penalty matrix: who beats whom, in how many settings",
        ("quantity",),
    ),
    "ranks": Kind(
        f"{_FIGURES}.ranks:draw_mean_ranks", "mean ranks over datasets with the critical difference", ("quantity",)
    ),
    "balance": Kind(
        f"{_FIGURES}.class_balance:draw_class_balance",
        "class balance of the labelled set over rounds, and its classes at the end",
        styled=True,
    ),
    "discovery": Kind(
        f"{_FIGURES}.discovery:draw_discovery",
        "classes with a labelled point against labels: how soon the rare ones are found",
        ("statistic",),
        styled=True,
    ),
    "confusion": Kind(
        f"{_FIGURES}.confusion:draw_confusion",
        "confusion matrices of the baseline and of the best arm (--metric, --baseline)",
        ("quantity", "baseline"),
    ),
    "time": Kind(
        f"{_FIGURES}.seconds:draw_time_stack", "seconds of training, evaluating, scoring and selecting, stacked"
    ),
}
"""Name to kind, of al-bench's own."""

OPTIONS = ("quantity", "x", "axis", "statistic", "ends", "rule", "targets", "papers", "baseline", "marks")
"""The options that say something to some kinds only."""


def own_kinds() -> dict[str, Kind]:
    """The kinds that installed packages add, by name; a name of al-bench's own cannot be taken. Nothing is imported."""
    return {
        name: Kind(given[0].target, f"a plot of {' and of '.join(offer.package for offer in given)}", None, own=True)
        for name, given in offers("plots").items()
        if name not in KINDS
    }


def kind_of(name: str) -> Kind:
    """The kind called `name`, which may be "module:function"; nothing is imported.

    Raises:
        InputError: There is none, or two packages offer it.
    """
    if name in KINDS:
        return KINDS[name]
    if ":" in name:
        return Kind(name, "a plot of one's own", options=None, own=True)
    own = own_kinds()
    if name not in own:
        allowed = ", ".join((*KINDS, *own))
        raise InputError(f"--kind is {name!r}; allowed are {allowed}, or module:function for a plot of your own")
    the_offer(offers("plots")[name], built_in=False)  # refuses a name that two packages offer
    return own[name]


def load_function(name: str, kind: Kind) -> Callable[..., Any]:
    """The function of a kind; modules of a user's own are found in the current folder too.

    Raises:
        InputError: It cannot be imported, or is no function.
    """
    module, _, attribute = kind.draw.partition(":")
    if kind.own and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:
        if not kind.own:
            raise
        raise InputError(f"--kind {name}: {kind.draw} cannot be loaded ({_one_line(error)})") from error
    if not callable(function):
        raise InputError(f"--kind {name}: {kind.draw} is no function but {type(function).__name__}")
    return function


def options_taken(name: str, function: Callable[..., Any]) -> set[str]:
    """The options that a function takes by name.

    Raises:
        InputError: It does not take the studies as its first argument.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # of something that is not written in Python
        parameters = []
    first = parameters[0].kind if parameters else None
    if first not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        raise InputError(f"--kind {name}: the function must take the studies first, as def draw(studies, title=None)")
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return {*OPTIONS, "title", "width"}
    return {parameter.name for parameter in parameters[1:]}


def draw_own(
    name: str, kind: Kind, function: Callable[..., Any], studies: Sequence[Study], options: dict[str, Any]
) -> Figure:
    """Draw a plot that is not al-bench's, in the style of the others.

    Raises:
        InputError: Something went wrong in it.
    """
    from matplotlib.figure import Figure

    from al_bench.analysis.figures.layout import with_house_style

    def draw_whole() -> object:
        figure = function(studies, **options)
        if isinstance(figure, Figure):
            figure.draw_without_rendering()  # a fault in a text shows only now
        return figure

    try:
        figure = with_house_style(draw_whole, formulas=True)()
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"--kind {name}: {kind.draw} failed ({_one_line(error)})") from error
    if not isinstance(figure, Figure):
        raise InputError(f"--kind {name}: {kind.draw} returned {type(figure).__name__}, not a matplotlib Figure")
    return figure


def _one_line(error: BaseException) -> str:
    """An error in one line, with the file and line of the user's where it was raised."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_file()]
    where = f", {frames[-1].filename}:{frames[-1].lineno}" if frames and frames[-1].filename != __file__ else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"
