"""`from al_bench import kernels` offers every kernel by name and imports torch at the first use only."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from al_bench import kernels


@pytest.mark.parametrize("name", kernels.__all__)
def test_a_name_of_the_list_is_an_object_of_a_kernels_module(name):
    assert getattr(kernels, name).__module__.startswith("al_bench.kernels.")
    assert name in dir(kernels)


FORMULAS = [
    name
    for name in kernels.__all__
    if inspect.isfunction(getattr(kernels, name)) and name not in ("check_scores", "select_top", "tie_keys")
]


@pytest.mark.parametrize("name", FORMULAS)
def test_the_docstring_of_a_formula_names_its_arguments_and_its_source(name):
    formula = getattr(kernels, name)
    text = inspect.getdoc(formula) or ""
    undescribed = [key for key in inspect.signature(formula).parameters if f"\n    {key}: " not in text]
    assert undescribed == []
    assert "\nSource: " in text


def test_another_name_is_refused():
    with pytest.raises(AttributeError, match="nothing"):
        _ = kernels.nothing


def test_torch_is_imported_at_the_first_use():
    code = (
        "import sys; from al_bench import kernels; assert 'torch' not in sys.modules; "
        "kernels.bald; assert 'torch' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
