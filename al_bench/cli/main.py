"""The command `al-bench`: dispatch only; whatever is heavy is imported by the subcommand that needs it."""

from __future__ import annotations

import os
import re
import sys

from al_bench import __version__
from al_bench.cli.interruption import heeding_sigterm

USAGE = """\
usage: al-bench COMMAND ...

Pool-based active-learning experiments: does it save labels on this data, with which strategy, how many?

commands:
  run        train, score, acquire, record; takes Hydra overrides (al-bench run --help)
  plot       accuracy against number of labels (al-bench plot --help)
  compare    a verdict and its tables: labels saved, differences, costs (al-bench compare --help)
  report     one HTML page: verdict, curves, tables, what was picked (al-bench report --help)
  reproduce  a paper's experiment, and which of its claims it shows (al-bench reproduce --help)
  list       strategies, datasets, models, posteriors, experiments, one line each

examples:
  al-bench run                                        BALD on scikit-learn's digits
  al-bench run strategy=entropy seed=1
  al-bench run -m strategy=random,bald seed=0,1,2     a sweep; in parallel with hydra/launcher=joblib
  al-bench plot results/runs/default --out curves.png
  al-bench compare results/runs/default
  al-bench reproduce gal2017_mnist --check-only

  --version prints the version, -h or --help this text.
"""
COMMANDS = ("run", "plot", "compare", "report", "reproduce", "list")


def completion(argv: list[str]) -> int:
    """Shell completion: `al-bench` itself completes the commands, Hydra everything after `run`."""
    from al_bench.cli.run import main as run

    rest = [word for word in argv if word != "run"]
    if any(word.startswith("query=") for word in rest):
        line = re.match(r"^(\s*\S+\s+)(\S*)(\s*)(.*)$", os.environ.get("COMP_LINE", ""), re.S)
        if not (line and line[2] == "run" and (line[3] or line[4])):
            print(" ".join((*COMMANDS, "--help", "--version")))
            return 0
        os.environ["COMP_LINE"] = line[1] + line[4]
    return run(rest)


def dispatch(argv: list[str]) -> int:
    """Run one command and return the exit status."""
    if "-sc" in argv or any(word.startswith("--shell-completion") for word in argv):
        return completion(argv)
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if argv else 2
    if argv[0] in ("--version", "-V"):
        print(f"al-bench {__version__}")
        return 0
    command, rest = argv[0], argv[1:]
    if command == "run":
        from al_bench.cli.run import main as run

        if "--version" in rest:
            print(f"al-bench {__version__}")
            return 0
        return run(rest)
    if command == "plot":
        from al_bench.cli.plot import main as plot

        return plot(rest)
    if command == "compare":
        from al_bench.cli.compare import main as compare

        return compare(rest)
    if command == "report":
        from al_bench.cli.report import main as report

        return report(rest)
    if command == "reproduce":
        from al_bench.cli.reproduce import main as reproduce

        return reproduce(rest)
    if command == "list":
        from al_bench.cli.list import main as list_

        return list_(rest)
    print(f"al-bench: no command {command!r}; choose one of {', '.join(COMMANDS)}", file=sys.stderr)
    return 2


def main() -> int:
    """Entry point of the console script."""
    try:
        with heeding_sigterm():
            status = dispatch(sys.argv[1:])
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, say) has left: quiet, as other commands are, also at interpreter shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
