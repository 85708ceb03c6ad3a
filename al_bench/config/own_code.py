"""The source of a user's own components, as part of a run's identity.

A component's file, and every module below the same folder that it imports, directly or through another, are known by a
digest of their bytes, so that editing a comment counts as a change, too. Of an installed package, all files count.
Imports are read from the source, those inside functions included, and from the names that an imported module holds.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from al_bench.config.load_class import PACKAGE
from al_bench.config.own_schema import is_own_class

INSTALLED = ("site-packages", "dist-packages")
"""Folders of installed packages."""


def own_code(components: Iterable[object]) -> dict[str, Any] | None:
    """What a run's header says of the code of the user's own components; None where all are al-bench's.

    Args:
        components: The components of a run.

    Returns:
        files: path of each file, relative to the folder that it is imported from, to its digest. digest: of them all.
    """
    files = own_sources([type(component) for component in components if is_own_class(type(component))])
    if not files:
        return None
    total = hashlib.blake2b("".join(f"{path}\0{digest}\0" for path, digest in files.items()).encode(), digest_size=16)
    return {"digest": total.hexdigest(), "files": files}


def own_sources(classes: Iterable[type]) -> dict[str, str]:
    """Relative path to digest (32 hex digits), of every file that the classes of a user's own are made of, sorted."""
    paths: dict[str, Path] = {}
    for cls in classes:
        module = sys.modules.get(cls.__module__)
        root = None if module is None else import_root(module)
        if module is None or root is None:
            continue
        for path in (package_files if is_installed(root) else imported_files)(root, module.__name__):
            key = path.relative_to(root).as_posix()
            if paths.get(key, path) != path:  # two folders on the path have a file of that name
                key = f"{root.name}/{key}"
            paths[key] = path
    return {key: hashlib.blake2b(paths[key].read_bytes(), digest_size=16).hexdigest() for key in sorted(paths)}


def import_root(module: ModuleType) -> Path | None:
    """The folder that a module's top-level package or file lies in; None for a module without a file."""
    if getattr(module, "__file__", None) is None:
        return None
    path = Path(str(module.__file__)).absolute()
    above = module.__name__.count(".") + (path.name == "__init__.py")
    return path.parents[above]


def is_installed(root: Path) -> bool:
    """Whether a folder holds installed packages."""
    return any(part in INSTALLED for part in root.parts) or any(root.glob("*.dist-info"))


def package_files(root: Path, module: str) -> list[Path]:
    """The files of the installed package that a module belongs to."""
    top = module.partition(".")[0]
    for package in importlib.metadata.distributions(path=[str(root)]):
        files = [Path(str(file)) for file in package.files or ()]
        if any(file.parts[0] in (top, f"{top}.py") for file in files):
            return [root / file for file in files if is_source(file) and (root / file).is_file()]
    if (root / f"{top}.py").is_file():
        return [root / f"{top}.py"]
    return sorted(path for path in (root / top).rglob("*") if path.is_file() and is_source(path.relative_to(root)))


def is_source(file: Path) -> bool:
    """Whether a file of a package, by its path below the folder of packages, is neither compiled nor about it."""
    return ".." not in file.parts and "__pycache__" not in file.parts and not file.parts[0].endswith(".dist-info")


def imported_files(root: Path, module: str) -> list[Path]:
    """The file of a module and of every module below the same folder that it imports, directly or through another."""
    files: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = module_file(root, name)
        if name in files or path is None:
            continue
        files[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += [name.rpartition(".")[0]] if "." in name else []  # a package is imported before what is in it
        waiting += imported_names(path, package)
        waiting += held_modules(sys.modules.get(name))
    return list(files.values())


def module_file(root: Path, name: str) -> Path | None:
    """The source of a module below a folder; None where it is not there, or is al-bench's or an installed package's."""
    if not name:
        return None
    base = root.joinpath(*name.split("."))
    for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if path.is_file():
            installed = any(part in INSTALLED for part in path.relative_to(root).parts)
            return None if installed or path.resolve().is_relative_to(PACKAGE) else path
    return None


def imported_names(path: Path, package: str) -> Iterator[str]:
    """The modules that a source file imports, wherever the statement stands; names in a module come along.

    Args:
        path: The file.
        package: Its package, for relative imports.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".") if node.level else []
            base = ".".join([*above[: len(above) - node.level + 1], *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (
                word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)
            )


def held_modules(module: ModuleType | None) -> Iterator[str]:
    """The modules that an imported module holds, or whose functions and classes it holds."""
    for value in list(vars(module).values()) if module is not None else ():
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, (type, FunctionType)) and isinstance(value.__module__, str):
            yield value.__module__
