"""What holds of every dataset component: light to import, a schema, and presets that fit it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import BenchmarkTable, CsvDataset
from al_bench.data.diagnostic import DivergingSine, Honeypot
from al_bench.data.digits import Digits
from al_bench.data.hub import HubDataset
from al_bench.data.image_folder import ImageFolder
from al_bench.data.images import Source, TorchvisionDataset
from al_bench.data.repeated_mnist import RepeatedMNIST
from al_bench.data.synthetic import Synthetic
from al_bench.data.text_data import TextDataset
from al_bench.errors import InputError

SCHEMAS: dict[str, type] = {
    "benchmark_table": BenchmarkTable,
    "csv": CsvDataset,
    "digits": Digits,
    "diverging_sine": DivergingSine,
    "honeypot": Honeypot,
    "hub": HubDataset,
    "images": ImageFolder,
    "npz": NpzDataset,
    "repeated_mnist": RepeatedMNIST,
    "synthetic": Synthetic,
    "text": TextDataset,
    "torchvision": TorchvisionDataset,
}
PRESETS = sorted((Path(__file__).parents[2] / "conf" / "dataset").glob("*.yaml"))


def compose(preset: Path) -> tuple[str, Any, dict[str, Any]]:
    """The preset's schema name, its keys over the schema, and its keys alone.

    A preset of package _global_ brings a model too, and has the dataset's keys under `dataset`.
    """
    keys = OmegaConf.to_container(OmegaConf.load(preset))
    assert isinstance(keys, dict)
    schema, *overrides, own = keys.pop("defaults")
    assert own == "_self_"
    keys.pop("implies", None)
    brings = preset.read_text(encoding="utf-8").startswith("# @package _global_\n")
    assert [list(entry) for entry in overrides] == ([["override /model"]] if brings else [])
    keys = keys["dataset"] if brings else keys
    assert isinstance(keys, dict)
    name, _, package = str(schema).removeprefix("/schema/dataset/").partition("@")
    assert package == ("dataset" if brings else "_here_")
    return name, OmegaConf.merge(OmegaConf.structured(SCHEMAS[name]), keys), {str(key): keys[key] for key in keys}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.stem)
def test_presets_fit_their_schema(preset: Path) -> None:
    lines = [line for line in preset.read_text(encoding="utf-8").splitlines() if line != "# @package _global_"]
    assert lines[0].startswith("# ")
    name, config, keys = compose(preset)
    if preset.stem in ("csv", "hub", "images", "npz", "table", "text"):  # the user names the file
        with pytest.raises(InputError, match=r"dataset\.path is not set"):
            OmegaConf.to_object(config)
        config.path = "mine"
    component = OmegaConf.to_object(config)
    assert isinstance(component, SCHEMAS[name])
    if preset.stem in SCHEMAS:  # the schema's own preset shows every key at its default
        assert config == OmegaConf.merge(
            OmegaConf.structured(SCHEMAS[name]), {"path": "mine"} if "path" in keys else {}
        )
        assert set(keys) == set(config)
    if isinstance(component, TorchvisionDataset):
        assert component.source.name == preset.stem


def test_every_source_has_a_preset() -> None:
    assert {source.name for source in Source} <= {preset.stem for preset in PRESETS}
    assert len(PRESETS) == len(SCHEMAS) - 2 + len(Source) + 5  # torchvision's sources, four published tables, table


def test_importing_the_components_is_light() -> None:
    modules = sorted({schema.__module__ for schema in SCHEMAS.values()})
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(modules) <= set(loaded)
    assert not {"torch", "torchvision", "sklearn", "pandas", "scipy"} & set(loaded)


def test_table_and_csv_are_the_same_keys() -> None:
    table, csv = (OmegaConf.load(preset) for preset in PRESETS if preset.stem in ("csv", "table"))
    assert table == csv
