"""What al-bench takes from Hydra beyond its documented interface is still there: a new release that changes it fails
here first, with the name of what has changed."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus

from al_bench.config import hydra_adapter, hydra_sweeper
from al_bench.config.sources import OwnSource

ADVICE = "adapt al_bench/config/hydra_adapter.py to this release of Hydra"


@pytest.fixture
def sweeper():
    """The sweeper that is registered under the name in conf/config.yaml."""
    hydra_sweeper.register_sweeper(lambda launch, sweep: launch, lambda: True, print)
    return sys.modules[hydra_sweeper.PLUGIN_MODULE].Sweeper


def test_a_job_holds_what_its_task_returned_and_what_it_raised():
    failed = ValueError("no")
    for status, value in ((JobStatus.COMPLETED, 3), (JobStatus.FAILED, failed)):
        job = JobReturn()
        job.status = status
        job.return_value = value
        assert hydra_sweeper.returned_value(job) is value, f"JobReturn._return_value has changed: {ADVICE}"


def test_the_sweeper_is_found_under_the_name_in_the_configuration(sweeper):
    text = (Path(__file__).parents[2] / "conf" / "config.yaml").read_text()
    name = f"{hydra_sweeper.PLUGIN_MODULE}.Sweeper"
    assert f"_target_: {name}\n" in text
    assert Plugins.instance().class_name_to_class[name] is sweeper, f"Plugins registers otherwise: {ADVICE}"
    assert Plugins.is_in_toplevel_plugins_module(name), f"plugins must live elsewhere: {ADVICE}"


def test_the_basic_sweeper_has_the_parts_that_are_used(sweeper):
    base = sweeper.__mro__[1]
    assert base.__name__ == "BasicSweeper"
    assert list(inspect.signature(base.__init__).parameters) == ["self", "max_batch_size", "params"], ADVICE
    assert list(inspect.signature(base.sweep).parameters) == ["self", "arguments"], ADVICE
    made = sweeper()
    for name in ("launcher", "config", "hydra_context"):
        assert hasattr(made, name), f"BasicSweeper.{name} is gone: {ADVICE}"


def test_the_launcher_is_called_by_the_names_that_the_wrapper_has():
    from hydra.plugins.launcher import Launcher

    assert list(inspect.signature(Launcher.launch).parameters) == ["self", "job_overrides", "initial_job_idx"], ADVICE


@pytest.fixture
def registry():
    """Hydra's table of config sources, with al-bench's in it."""
    from hydra._internal.sources_registry import SourcesRegistry

    hydra_adapter.register_sources()
    return SourcesRegistry.instance()


def test_yaml_files_are_read_through_al_benchs_source(registry):
    assert registry.resolve("file") is hydra_adapter.FileConfigSource, f"SourcesRegistry.types has changed: {ADVICE}"
    base = hydra_adapter.FileConfigSource.__mro__[1]
    assert base.__name__ == hydra_adapter.FileConfigSource.__name__, (
        f"only a class of one name may be registered: {ADVICE}"
    )
    assert list(inspect.signature(base.load_config).parameters) == ["self", "config_path"], ADVICE
    registry.register(base)
    assert registry.resolve("file") is hydra_adapter.FileConfigSource, (
        f"a launcher's worker would take Hydra's: {ADVICE}"
    )


def test_users_classes_and_installed_packages_are_searched_behind_the_folders(registry, tmp_path):
    from hydra._internal.utils import create_config_search_path

    assert registry.resolve(OwnSource.scheme()) is OwnSource
    providers = [element.provider for element in create_config_search_path(str(tmp_path)).get_path()]
    assert providers == ["hydra", "main", "al-bench", "schema"], f"the search path is made otherwise: {ADVICE}"


def test_hydra_composes_through_al_benchs_list_of_defaults():
    from hydra._internal import config_loader_impl, defaults_list

    assert config_loader_impl.create_defaults_list is hydra_adapter.create_defaults_list, ADVICE
    theirs, ours = defaults_list.create_defaults_list, hydra_adapter.create_defaults_list
    names = list(inspect.signature(theirs).parameters)
    assert list(inspect.signature(ours).parameters) == names, f"the list of defaults is made otherwise: {ADVICE}"
    for method in ("_load_configuration_impl", "compute_defaults_list"):
        source = inspect.getsource(getattr(config_loader_impl.ConfigLoaderImpl, method))
        assert source.count("create_defaults_list(") == 1, f"{method} composes otherwise: {ADVICE}"


@pytest.mark.parametrize(
    "word",
    ["hydra.job_logging.root=x", "hydra.job_logging.root=[1]", "+hydra.job_logging.root.level=loud"],
    ids=["a text", "a list", "no level"],
)
def test_logging_that_python_cannot_set_up_is_one_line(run, word):
    done = run("debug=smoke", word)
    assert done.status == 2
    assert done.err.startswith("al-bench run: hydra: ")
    assert done.err.count("\n") == 1
