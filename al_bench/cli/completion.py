"""Completion by the shell: `eval "$(_AL_BENCH_COMPLETE=bash_source al-bench)"` installs it; zsh and fish likewise.

click completes the commands, their options and values; Hydra completes the words of `al-bench run`.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ZshComplete,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

from al_bench.cli.main import COMPLETION

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2> /dev/null)
    COMPREPLY=()
    for completion in $response; do
        IFS=, read -r type value <<< "$completion"
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                COMPREPLY+=("$value")
                [[ $value == *[=./] ]] && compopt -o nospace
                ;;
        esac
    done
    return 0
}
complete -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class Bash(BashComplete):
    """click's completion for bash, for words with `=` in them too, and without a space after `strategy=`."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one, from the line up to the cursor."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        incomplete = words.pop() if line and not line[-1].isspace() else ""
        # bash takes `=` and `:` for the end of a word, and replaces only what comes after.
        breaks = [incomplete.rfind(sign) for sign in "=:" if sign in os.environ.get("COMP_WORDBREAKS", "")]
        self.done_by_bash = incomplete[: max(breaks, default=-1) + 1]
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value.removeprefix(self.done_by_bash)}"


@add_completion_class
class Zsh(ZshComplete):
    """click's completion for zsh, without a space after `strategy=`."""

    source_template = ZshComplete.source_template.replace(
        "compadd -U -V unsorted -a completions",
        "compadd -U -S '' -V unsorted -- ${(M)completions:#*[=./]}\n"
        "        compadd -U -V unsorted -- ${completions:#*[=./]}",
    )


def complete(instruction: str) -> int:
    """Answer the shell.

    Args:
        instruction: What the shell asks for: `bash_source` is its script, `bash_complete` the completions of a line.

    Returns:
        The exit status: 0, or 1 for a shell or an instruction that there is not.
    """
    from al_bench.cli.group import al_bench

    return shell_complete(al_bench, {}, "al-bench", COMPLETION, instruction)


def shell_to_install(words: Sequence[str]) -> str | None:
    """The shell of `al-bench run -sc install=SHELL`, which is how Hydra's completion was installed before."""
    if not any(word.startswith(("-sc", "--shell-completion")) for word in words):
        return None
    return next((word.removeprefix("install=") for word in words if word.startswith("install=")), None)


def hydra_completions(words: Sequence[str], incomplete: str) -> list[str]:
    """What Hydra offers for a word after `al-bench run`.

    Args:
        words: The words before it.
        incomplete: Its beginning.
    """
    from al_bench.cli.run import main
    from al_bench.config.compose import config_dir
    from al_bench.config.registry import conf_dir

    folder = config_dir(words)
    own = [f"--config-dir={folder}"] if folder else []
    os.environ["COMP_LINE"] = " ".join(["al-bench", *words, incomplete])
    printed = io.StringIO()
    quiet = contextlib.redirect_stderr(io.StringIO())
    with contextlib.redirect_stdout(printed), quiet, contextlib.suppress(SystemExit):  # an option that there is not
        main([*own, "--shell-completion", "query=bash"])
    # Hydra leaves out the `=` after a group that has folders beside its options, such as experiment.
    groups = {path.name for path in Path(conf_dir()).iterdir() if path.is_dir()}
    return [f"{word}=" if word in groups else word for word in printed.getvalue().split()]
