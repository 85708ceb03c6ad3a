"""The command `al-bench`: its help, its exit statuses and signals; whatever takes time to import is imported later."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from al_bench import __version__

COMMANDS = {
    "run": "train, score, acquire, record; takes Hydra overrides (al-bench run --help)",
    "query": "label for real: the next batch as a file, the labels back (al-bench query --help)",
    "status": "from another terminal: what is done, running, failed, missing (al-bench status --help)",
    "check": "what a dataset is read as, before anything runs (al-bench check --help)",
    "plot": "accuracy against number of labels (al-bench plot --help)",
    "compare": "a verdict and its tables: labels saved, differences, costs (al-bench compare --help)",
    "decide": "add seeds until the verdict is settled or the time is over (al-bench decide --help)",
    "plan": "how many more labels to an accuracy, or how accurate at a budget (al-bench plan --help)",
    "report": "one HTML page: verdict, curves, tables, what was picked (al-bench report --help)",
    "rescore": "a metric of stored predictions, after the run (al-bench rescore --help)",
    "reproduce": "a paper's experiment, and which of its claims it shows (al-bench reproduce --help)",
    "benchmark": "which strategy to use when: a fixed protocol, its page (al-bench benchmark --help)",
    "archive": "a study as one file that every command reads (al-bench archive --help)",
    "export": "what a run picked, joined to your own file (al-bench export --help)",
    "clean": "what runs share on disk: list it, or empty it (al-bench clean --help)",
    "list": "strategies, datasets, encoders, models, posteriors, experiments, metrics, one line each",
    "new": "a component of your own to start from: code, option, test (al-bench new --help)",
    "guide": "short pages: concepts, own data, extensions, record format and more",
}
"""Every command with the line that `al-bench --help` and the shell's completion show."""

_ROWS = "\n".join(f"  {name:<9}  {line}" for name, line in COMMANDS.items())
USAGE = f"""\
usage: al-bench COMMAND ...

Pool-based active-learning experiments: does it save labels on this data, with which strategy, how many?

commands:
{_ROWS}

examples:
  al-bench run                                        BALD on scikit-learn's digits
  al-bench run strategy=entropy seed=1
  al-bench run -m strategy=random,bald seed=0,1,2     a sweep; in parallel with hydra/launcher=joblib
  al-bench plot results/runs/default --out curves.png
  al-bench compare results/runs/default
  al-bench reproduce gal2017_mnist --check-only

  --version prints the version, -h or --help this text.
"""

COMPLETION = "_AL_BENCH_COMPLETE"
"""The environment variable by which a shell asks for completions, as click names it."""


def dispatch(argv: list[str]) -> int:
    """Run one command and return the exit status."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if argv else 2
    if argv[0] in ("-V", "--version"):
        print(f"al-bench {__version__}")
        return 0
    if strange := next((word for word in argv if not is_utf8(word)), None):
        _complain(f"al-bench: {strange} holds bytes that are not UTF-8; rename the file, or type it anew")
        return 2
    # click takes longer to import than Python to start: not for the help above.
    from al_bench.cli.command import exit_status
    from al_bench.cli.group import al_bench

    return exit_status(al_bench, argv)


def is_utf8(text: str) -> bool:
    """Whether a text can be written: what a shell passes on that is no UTF-8 has codes that no character has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Inside, SIGTERM (from `kill` or a scheduler) interrupts as Ctrl-C does: the status is written, to resume later.

    The first SIGTERM raises `Terminated`; further ones are ignored, so that the work can clean up. Where SIGTERM is
    ignored already, as under `trap '' TERM`, and outside the main thread nothing changes.
    """
    import signal
    import threading

    from al_bench.errors import Terminated

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> int:
    """Entry point of the console script.

    Returns:
        0: done. 1: a run or a claim failed, or the output cannot be written. 2: bad input. 130: interrupted.
        141: the reader of the output has left.
    """
    argv = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):  # of a terminal or a pipe that has not all letters
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        if instruction := os.environ.get(COMPLETION):
            from al_bench.cli.completion import complete

            return complete(instruction)
        with sigterm_as_interrupt():
            status = dispatch(argv)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_output()  # the reader (head, say) has left: quiet, as other commands are
        return 141
    except OSError as error:
        where = f"{error.filename}: " if error.filename else "the output cannot be written: "
        _drop_output()
        _complain(f"al-bench: {where}{error.strerror or error}")
        return 1


def _drop_output() -> None:
    """Let what is still to be written to stdout go nowhere, at interpreter shutdown too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(line: str) -> None:
    """Write a line to stderr, whatever it holds, unless that cannot be written either."""
    from al_bench.errors import plain_line

    try:
        print(plain_line(line), file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


if __name__ == "__main__":
    sys.exit(main())
