"""An environment of its own for every peer, made with pip where it is missing: their pins clash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "baal": ("baal==2.1.0",),
    "redux": ("batchbald_redux==2.0.5",),
    "skactiveml": ("scikit-activeml==1.0.1",),
}


def interpreter(name: str, cache: Path) -> str:
    """The Python of a peer's environment, made first where it is missing; this one for the empty name.

    Raises:
        RuntimeError: pip failed; its last lines say why.
    """
    if not name:
        return sys.executable
    folder = cache / "environments" / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"{name}: installing {' '.join(PACKAGES[name])} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[name]]
        made = subprocess.run(pip, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"{name} could not be installed: {' '.join(made.stderr.splitlines()[-3:])}")
        (folder / "complete").touch()
    return str(python)


def versions(name: str, cache: Path) -> str:
    """The versions of a peer and of the libraries that its speed depends on, or an empty text before it is there."""
    python = cache / "environments" / name / "bin" / "python"
    if not python.exists():
        return ""
    names = (PACKAGES[name][0].split("==")[0], "torch", "numpy", "scikit-learn")
    code = (
        "import importlib.metadata as m\n"
        f"for n in {names!r}:\n"
        "    try: print(n, m.version(n))\n"
        "    except m.PackageNotFoundError: pass"
    )
    return ", ".join(subprocess.run([str(python), "-c", code], capture_output=True, text=True).stdout.splitlines())
