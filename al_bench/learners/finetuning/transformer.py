"""`model=transformer`: a transformer of texts from Hugging Face, all of whose weights are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks
from al_bench.errors import InputError
from al_bench.learners.finetuning.pretrained_model import PretrainedModel

if TYPE_CHECKING:
    from torch import Tensor, nn

    from al_bench.data.dataset import Dataset
    from al_bench.models.pretrained import PretrainedBody

PIP = "pip install 'al-bench[text]'"
SWITCHED_OFF = ("att", "layerdrop", "path", "classif", "summary")
"""Parts of the names of a model's dropout settings that are 0 in any case: functions, whose masks nothing holds fixed,
and those before its own last layer, in whose place `dropout_dense` is."""
ENDLESS = 1_000_000
"""What a tokeniser calls the longest text where it knows no limit is above this."""


class Padding(Enum):
    longest = "longest"
    max_length = "max_length"


class Pooling(Enum):
    mean = "mean"
    cls = "cls"
    classifier = "classifier"


@dataclass
class Transformer(PretrainedModel):
    """A transformer with a new last layer; texts are tokenised once a run. Code that comes with a model is never run.

    Args:
        name: The model's folder, its name on the hub, or package:MODULE/FOLDER.
        max_tokens: Tokens of a text that are read, its special tokens included, or fewer where the model's own limit is
            lower; null takes that limit.
        padding: longest: a batch is as long as its longest text; max_length: as the longest text of the data. The same
            network, up to rounding.
        pooling: What the last layer reads. mean: the mean of the last hidden states over the tokens; cls: that of the
            first token; classifier: what the architecture's own sequence classifier has there.
        dropout_body: The probability of a zero wherever the model itself has dropout, attention apart. Above 0, a
            posterior of masks draws these masks, too: each draw is then a whole pass.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers", "tokenizers")
    option: ClassVar[str] = "model=transformer"
    name: str | None = None
    max_tokens: int | None = 128
    padding: Padding = Padding.longest
    pooling: Pooling = Pooling.mean
    dropout_body: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.fraction("model.dropout_body", self.dropout_body, one=False)
        if self.max_tokens is not None:
            checks.at_least("model.max_tokens", self.max_tokens, 4)

    def path(self) -> Path:
        """The model's folder."""
        from al_bench.data.encoders.sentence import model_folder

        if self.name is None:
            raise InputError(
                "model.name is not set: give the folder of a model of transformers, or its name on the hub, such as "
                "model.name=distilbert/distilbert-base-uncased; model=minilm needs none"
            )
        return model_folder(self.name, "model")

    def read(self, dataset: Dataset) -> Dataset:
        """The same data set with token ids and mask [N, 2, T] as inputs, T the tokens of the longest text."""
        from al_bench.data.encoding import Encoding, digest_of
        from al_bench.data.texts import Texts
        from al_bench.learners.finetuning.tokens import token_tensor, tokenise

        if dataset.encoding is not None:
            raise InputError(f"{self.option} reads texts, and an encoder makes features of them; give encoder=none")
        if not isinstance(dataset.inputs, Texts) or not isinstance(dataset.test_inputs, Texts):
            shape = "×".join(map(str, dataset.shape))
            raise InputError(
                f"{self.option} reads texts, and {dataset.name} has inputs of shape {shape}; choose another model, "
                "such as model=mlp"
            )
        self.facts()
        tokeniser, config = self._tokeniser(), self._config()
        limit = self._limit(tokeniser, config)
        padding = padding_token(tokeniser)
        parts = [tokenise(tokeniser, inputs.values, limit, padding) for inputs in (dataset.inputs, dataset.test_inputs)]
        vocabulary = int(getattr(config, "vocab_size", 0))
        highest = max((max(row) for part in parts for row in part.rows), default=0)
        if highest >= vocabulary:
            raise InputError(f"{self.path()}: its tokeniser gives the token {highest}, and its model has {vocabulary}")
        width = max(part.longest for part in parts)
        inputs, test_inputs = (token_tensor(part, width, padding) for part in parts)
        cut, texts = sum(part.cut for part in parts), sum(len(part.rows) for part in parts)
        remarks = (f"{cut:,} of {texts:,} texts are longer than {limit} tokens and cut",) if cut else ()
        encoding = Encoding(
            dataset.fingerprint(), digest_of([inputs, test_inputs]), width, remarks=remarks, points=texts, tokens=True
        )
        return replace(dataset, inputs=inputs, test_inputs=test_inputs, encoding=encoding)

    def load(self, shape: tuple[int, ...]) -> PretrainedBody:
        from al_bench.models.pretrained import PretrainedBody
        from al_bench.models.token_network import TokenNetwork

        network, absent = self._network()
        tokens = TokenNetwork(network, self.pooling.value, self.padding is Padding.longest)
        return PretrainedBody(tokens, [f"transformer.{name}" for name in absent])

    def example(self, shape: tuple[int, ...]) -> Tensor:
        import torch

        example = torch.zeros((1, *shape))
        example[:, 1] = 1
        return example

    def _tokeniser(self) -> Any:
        """The model's tokeniser, which pads at the end."""
        from_pretrained = imported("AutoTokenizer").from_pretrained
        return self._loaded(from_pretrained, "tokeniser", padding_side="right")

    def _config(self) -> Any:
        """The model's settings, with the dropout that the keys ask for."""
        config = self._loaded(imported("AutoConfig").from_pretrained, "settings")
        if config.is_encoder_decoder:
            raise InputError(f"{self.path()} is a model of an encoder and a decoder; give one of an encoder alone")
        for key, value in config.to_dict().items():
            numeric = value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
            if "drop" in key and numeric:
                setattr(config, key, 0.0 if any(part in key for part in SWITCHED_OFF) else self.dropout_body)
        return config

    def _limit(self, tokeniser: Any, config: Any) -> int:
        """The most tokens of a text: `max_tokens`, or less where the model reads no more."""
        own = min(int(tokeniser.model_max_length), int(getattr(config, "max_position_embeddings", 0) or ENDLESS))
        return min(ENDLESS, own, ENDLESS if self.max_tokens is None else self.max_tokens)

    def _network(self) -> tuple[nn.Module, list[str]]:
        """The model with its weights and without its last layer, and the names of tensors that the file has not.

        Raises:
            InputError: the folder holds no such model, or its weights are others.
        """
        import torch
        from torch import nn

        config = self._config()
        keys: dict[str, Any] = {"config": config, "dtype": torch.float32, "output_loading_info": True}
        if self.pooling is Pooling.classifier:
            if getattr(config, "pad_token_id", None) is None:
                config.pad_token_id = padding_token(self._tokeniser())
            auto = imported("AutoModelForSequenceClassification")
        else:
            auto = imported("AutoModel")
        network, info = self._loaded(auto.from_pretrained, "model", **keys)
        last = ""
        if self.pooling is Pooling.classifier:
            last = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
            parent, _, attribute = last.rpartition(".")
            setattr(network.get_submodule(parent), attribute, nn.Identity())
        drop_unused_pooler(network, self.pooling)
        state = network.state_dict()
        absent = [name for name in info["missing_keys"] if name in state]
        prefix = f"{network.base_model_prefix}." if self.pooling is Pooling.classifier else ""
        for name in absent:
            layer = network.get_submodule(name.rpartition(".")[0])
            in_head = bool(prefix) and (not name.startswith(prefix) or ".pooler." in f".{name}")
            if not in_head or not hasattr(layer, "reset_parameters"):
                raise InputError(f"{self.path()} holds no weights of its model: {name} is not in it")
        return network, absent

    def _loaded(self, load: Any, what: str, **keys: Any) -> Any:
        """Something that transformers loads from the model's folder, as tensors and settings alone.

        Raises:
            InputError: it cannot be loaded, or is code that comes with the model.
        """
        from al_bench.data.encoders.sentence import no_foreign_bars

        path = self.path()
        try:
            with no_foreign_bars():
                return load(str(path), trust_remote_code=False, local_files_only=True, **keys)
        except Exception as error:  # whatever a damaged or foreign folder makes the libraries raise
            reason = " ".join(str(error).split())[:200]
            if "trust_remote_code" in reason:
                reason = "it needs code that comes with it, which al-bench never runs"
            raise InputError(f"{path} holds no {what} that transformers can load: {reason}") from error


def drop_unused_pooler(network: Any, pooling: Pooling) -> None:
    """Take away the layer on top of the first token that an encoder has and that nothing here reads."""
    if pooling is not Pooling.classifier and getattr(network, "pooler", None) is not None:
        network.pooler = None


def padding_token(tokeniser: Any) -> int:
    """The id of the padding token; where there is none, that of the end of a text, which the mask covers."""
    ids = (tokeniser.pad_token_id, tokeniser.eos_token_id, 0)
    return next(int(number) for number in ids if number is not None)


def imported(name: str) -> Any:
    """A class of transformers.

    Raises:
        InputError: it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise InputError(f"model=transformer needs a package that is not installed: {PIP}") from error
    return getattr(transformers, name)
