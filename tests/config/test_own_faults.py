"""A faulty component of a user's own gives one line that names its class or file, status 2, and nothing written."""

from __future__ import annotations

import pytest

from tests.config.own import MODEL, MOONS, STRATEGY, OwnFolder
from tests.conftest import TINY, written

DATASET_LINE = 'return Dataset("moons", inputs, labels, inputs[:40], labels[:40], ("a", "b"))'
OPTION = {"strategy": ("Mine", STRATEGY), "dataset": ("Moons", MOONS), "model": ("Net", MODEL)}


@pytest.fixture
def refused(run, tmp_path, monkeypatch):
    """A function from a group, a source and the text of the option to the line that refuses it."""
    own = OwnFolder(tmp_path, monkeypatch)

    def refuse(group: str, source: str, option: str | None = None) -> str:
        own.write(source, **{f"{group}__mine": option or f"_target_: MODULE.{OPTION[group][0]}\n"})
        before = written()
        words = [word for word in TINY if not word.startswith("posterior")] if group == "posterior" else [*TINY]
        done = run("--config-dir", "own", *words, f"{group}=mine")
        assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1), done.err
        assert [name for name in written() if "__pycache__" not in name] == before
        return done.err.removeprefix("al-bench run: ").rstrip("\n").replace(own.module, "MODULE")

    return refuse


def changed(source: str, old: str, new: str) -> str:
    """A source with one part replaced."""
    assert old in source
    return source.replace(old, new)


LOADED = {
    "a tuple": ("return inputs, labels", "load() returns a tuple; it must return an al_bench.data.dataset.Dataset"),
    "None": ("return None", "load() returns a NoneType; it must return an al_bench.data.dataset.Dataset"),
    "a dict": ("return {}", "load() returns a dict; it must return an al_bench.data.dataset.Dataset"),
    "int32 labels": (
        DATASET_LINE.replace("labels,", "labels.int(),"),
        "load() gives hidden_labels of int32; give int64, as hidden_labels.long() does",
    ),
    "float labels": (
        DATASET_LINE.replace("labels[:40]", "labels[:40].float()"),
        "load() gives test_labels of float32; give int64, as test_labels.long() does",
    ),
    "labels of an array": (
        DATASET_LINE.replace("labels,", "labels.numpy(),"),
        "load() gives hidden_labels as a ndarray; give a tensor, as torch.from_numpy(…) makes from an array",
    ),
    "labels of two columns": (
        DATASET_LINE.replace("labels,", "labels[:, None],"),
        "load() gives hidden_labels of shape [120, 1]; give one class a row, [rows]",
    ),
    "a label too high": (
        DATASET_LINE.replace("labels,", "labels + 1,"),
        "load() gives hidden_labels that hold 2; with 2 class_names the labels are 0 to 1",
    ),
    "a label below 0": (
        DATASET_LINE.replace("labels,", "labels - 1,"),
        "load() gives hidden_labels that hold -1; with 2 class_names the labels are 0 to 1",
    ),
    "a test label too high": (
        DATASET_LINE.replace("labels[:40]", "labels[:40] + 6"),
        "load() gives test_labels that hold 6; with 2 class_names the labels are 0 to 1",
    ),
    "one class name": (
        DATASET_LINE.replace('("a", "b")', '("a",)'),
        "load() gives the class_names ('a',); give a tuple of two texts or more, one for each class",
    ),
    "numbers for names": (
        DATASET_LINE.replace('("a", "b")', "(0, 1)"),
        "load() gives the class_names (0, 1); give a tuple of two texts or more, one for each class",
    ),
    "float64 inputs": (
        DATASET_LINE.replace("inputs,", "inputs.double(),"),
        "load() gives inputs of float64; give float32, as inputs.float() does, or uint8 for images",
    ),
    "too few labels": (
        DATASET_LINE.replace("labels,", "labels[1:],"),
        "load() gives 120 rows of inputs and 119 hidden_labels; give one label a row",
    ),
    "another shape in the test part": (
        DATASET_LINE.replace("inputs[:40]", "inputs[:40, :3]"),
        "load() gives inputs of shape [16] and test_inputs of shape [3] a row; they must be equal",
    ),
    "an exception": ("raise KeyError('x')", "load() fails: KeyError: 'x' (MODULE.py, line 20)"),
    "an exit": ("raise SystemExit(3)", "load() fails: SystemExit: 3 (MODULE.py, line 20)"),
}


@pytest.mark.parametrize("case", LOADED)
def test_a_data_set_that_no_run_can_use_is_refused(refused, case):
    line, message = LOADED[case]
    assert refused("dataset", changed(MOONS, DATASET_LINE, line)) == f"dataset: MODULE.Moons: {message}"


NUMBERS = "of float32 for 2 rows; synthetic has 4 classes"
BUILT = {
    "too few outputs": ("classes))", "classes - 1))", f"the network gives [2, 3] {NUMBERS}"),
    "too many outputs": ("classes))", "classes + 1))", f"the network gives [2, 5] {NUMBERS}"),
    "outputs of three axes": (
        "nn.Linear(self.units, classes))",
        "nn.Linear(self.units, classes), nn.Unflatten(1, (4, 1)))",
        "the network gives [2, 4, 1] of float32 for 2 rows; synthetic has 4 classes",
    ),
    "another number of inputs": (
        "nn.Linear(16,",
        "nn.Linear(9,",
        "a forward pass of 2 rows of shape [16] fails: RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    ),
    "no network": ("return nn.", "return lambda x: nn.", "build() returns a function; it must return a torch Module"),
    "an exception": (
        "return nn.",
        "raise ValueError('no'); nn.",
        "build(shape, classes) fails: ValueError: no (MODULE.py",
    ),
}


@pytest.mark.parametrize("case", BUILT)
def test_a_network_that_does_not_fit_the_data_is_refused_before_training(refused, case):
    old, new, message = BUILT[case]
    assert refused("model", changed(MODEL, old, new)).startswith(f"model: MODULE.Net: {message}")


STRATEGY_BASE = "(Entropy):"
FAULTY_CLASSES = {
    "no strategy": ("strategy", STRATEGY_BASE, ":", "is no Strategy: derive from al_bench.strategies.base.Strategy"),
    "no posterior": (
        "posterior",
        STRATEGY_BASE,
        ":",
        "is no Posterior: derive from al_bench.learners.posterior.Posterior",
    ),
    "no training": ("training", STRATEGY_BASE, ":", "is no Training: derive from al_bench.learners.training.Training"),
    "no load": ("dataset", "def load(", "def lode(", "has no method load(); write one"),
    "no build": (
        "model",
        "def build(",
        "def bild(",
        "has no method build(shape, classes) or learner(dataset, posterior",
    ),
    "score without evidence": (
        *("strategy", "    power: float", "    def score(self):\n        pass\n\n    power: float"),
        "score takes (); it is called as score(evidence)",
    ),
    "needs without draws": (
        *("strategy", "    power: float", "    def needs(self):\n        pass\n\n    power: float"),
        "needs takes (); it is called as needs(draws)",
    ),
    "select without generator": (
        *("strategy", "    power: float", "    def select(self, evidence, batch):\n        pass\n\n    power: float"),
        "select takes (evidence, batch); it is called as select(evidence, batch, generator)",
    ),
    "select with a fifth argument": (
        *("strategy", "    power: float", "    def select(self, a, b, c, d):\n        pass\n\n    power: float"),
        "select takes (a, b, c, d); it is called as select(evidence, batch, generator)",
    ),
    "needs that is no method": (
        *("strategy", "    power: float", "    needs = frozenset()\n    power: float"),
        "needs is a frozenset; it must be a method needs(draws)",
    ),
    "load with an argument": ("dataset", "load(self)", "load(self, x)", "load takes (x); it is called as load()"),
    "build without classes": (
        *("model", "build(self, shape, classes)", "build(self, shape)"),
        "build takes (shape); it is called as build(shape, classes)",
    ),
    "build with nothing": (
        *("model", "build(self, shape, classes)", "build(self)"),
        "build takes (); it is called as build(shape, classes)",
    ),
    "a data set that is no dataclass": (
        *("dataset", "@dataclass\nclass Moons", "class Moons"),
        "is no dataclass, so its fields are no config keys: decorate it with @dataclass",
    ),
    "a model that is no dataclass": (
        *("model", "@dataclass\nclass Net", "class Net"),
        "is no dataclass, so its fields are no config keys: decorate it with @dataclass",
    ),
    "a strategy without its decorator": (
        *("strategy", "@dataclass\nclass Mine", "class Mine"),
        "has the fields power, colour, inner, layers, pair, name, anything and is not decorated: write @dataclass",
    ),
    "no score": ("strategy", STRATEGY_BASE, "(ScoreStrategy):", "does not implement needs(draws) and score(evidence)"),
    "no select": (
        *("strategy", STRATEGY_BASE, "(Strategy):"),
        "does not implement needs(draws) and select(evidence, batch, generator); write them",
    ),
    "no sampler": (
        "posterior",
        STRATEGY_BASE,
        "(Posterior):",
        "does not implement sampler(member, draws, generator); write",
    ),
}


@pytest.mark.parametrize("case", FAULTY_CLASSES)
def test_a_class_that_is_not_what_its_group_needs_is_refused(refused, case):
    group, old, new, message = FAULTY_CLASSES[case]
    name, source = OPTION.get(group, OPTION["strategy"])
    source = changed(source, old, new).replace(
        "from al_bench.strategies.uncertainty import Entropy",
        "from al_bench.learners.posterior import Posterior\n"
        "from al_bench.strategies.base import ScoreStrategy, Strategy\n"
        "from al_bench.strategies.uncertainty import Entropy",
    )
    line = refused(group, source, f"_target_: MODULE.{name}\n")
    assert line.startswith(f"{group}: MODULE.{name}")
    assert message in line


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("[Product.mean_log_probs]", "needs(draws) returns [<Product.mean_log_probs: "),
        (
            "{'mean_log_probs'}",
            "needs(draws) returns {'mean_log_probs'}; it must return a frozenset of al_bench.evidence.",
        ),
        ("None", "needs(draws) returns None; it must return a frozenset of al_bench.evidence.Product"),
        ("1 / 0", "needs(draws) fails: ZeroDivisionError: division by zero (MODULE.py, line "),
    ],
    ids=["a list", "texts", "nothing", "an exception"],
)
def test_a_strategy_that_does_not_declare_products_is_refused_before_training(refused, returned, message):
    source = changed(
        STRATEGY, "    power: float", f"    def needs(self, draws):\n        return {returned}\n\n    power: float"
    )
    line = refused("strategy", f"from al_bench.evidence import Product\n{source}")
    assert line.startswith(f"strategy: MODULE.Mine: {message}")


def test_a_model_whose_learner_cannot_be_made_is_refused(refused):
    source = MODEL.replace("build(self, shape, classes)", "learner(self, dataset, posterior, training)")
    line = refused("model", source)
    assert line.startswith(
        "model: MODULE.Net: learner(dataset, posterior, training) fails: NameError: name 'classes' is"
    )


@pytest.mark.parametrize(
    ("group", "fault", "message"),
    [
        ("strategy", "raise KeyError('x')", "cannot be built: KeyError: 'x' (MODULE.py, line "),
        ("strategy", "raise SystemExit(3)", "cannot be built: SystemExit: 3 (MODULE.py, line "),
        ("strategy", "1 / 0", "cannot be built: ZeroDivisionError: division by zero (MODULE.py, line "),
        ("strategy", "raise ValueError('two\\nlines')", "cannot be built: ValueError: two lines (MODULE.py, line "),
        ("dataset", "raise TypeError('no')", "cannot be built: TypeError: no (MODULE.py, line "),
        (
            "model",
            "self.gone",
            "cannot be built: AttributeError: 'Net' object has no attribute 'gone' (MODULE.py, line ",
        ),
    ],
    ids=["KeyError", "exit", "division", "two lines", "a data set", "a model"],
)
def test_whatever_a_constructor_raises_is_one_line(refused, group, fault, message):
    name, source = OPTION[group]
    if "__post_init__" in source:
        source = changed(source, "super().__post_init__()", fault)
    else:
        source = f"{source}\n    def __post_init__(self):\n        {fault}\n"
    assert refused(group, source).startswith(f"{group}: MODULE.{name} {message}")


def test_the_words_of_an_input_error_of_the_users_own_stand_alone(refused):
    fault = "from al_bench.errors import InputError; raise InputError('dataset.points is 120; give 7')"
    assert (
        refused("dataset", f"{MOONS}\n    def __post_init__(self):\n        {fault}\n")
        == "dataset.points is 120; give 7"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(:\n", "MODULE.py, line 1: SyntaxError: invalid syntax"),
        ("x = 1\n  y = 2\n", "MODULE.py, line 2: IndentationError: unexpected indent"),
        ("x = (1\n", "MODULE.py, line 1: SyntaxError: '(' was never closed"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module' (MODULE.py, line 1)"),
        ("from math import tau, pie\n", "ImportError: cannot import name 'pie' from 'math' ("),
        ("\n1 / 0\n", "ZeroDivisionError: division by zero (MODULE.py, line 2)"),
        ("raise SystemExit\n", "SystemExit (MODULE.py, line 1)"),
        ("x = 1\n", "module 'MODULE' has no attribute 'Mine'"),
    ],
    ids=["syntax", "indentation", "bracket", "no module", "no name", "division", "exit", "no class"],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_line(refused, source, message):
    line = refused("strategy", source)
    assert line.startswith(f"_target_ is 'MODULE.Mine', which cannot be loaded: {message}")


@pytest.mark.parametrize(
    ("group", "target"),
    [
        ("strategy", "sys.exit"),
        ("strategy", "os.system"),
        ("strategy", "MODULE:VALUE"),
        ("dataset", "MODULE.function"),
        ("model", "math.pi"),
        ("posterior", "os.path"),
        ("training", "os.system"),
    ],
)
def test_what_is_no_class_is_refused_and_not_called(refused, group, target):
    source = "VALUE = 3\n\ndef function(**keys):\n    raise SystemExit(99)\n"
    line = refused(group, source, f"_target_: {target}\ncommand: touch called\n")
    assert line.startswith(f"_target_ is '{target}', which is a ")
    assert line.endswith(" and no class; name a dataclass")


@pytest.mark.parametrize(
    ("group", "target"),
    [
        ("strategy", "subprocess.Popen"),
        ("dataset", "subprocess.Popen"),
        ("model", "builtins.dict"),
        ("posterior", "pathlib.Path"),
        ("training", "subprocess.Popen"),
    ],
)
def test_a_class_of_another_kind_is_refused_and_not_called(refused, group, target):
    line = refused(group, "", f"_target_: {target}\nargs: [touch, called]\n")
    assert line.startswith(f"{group}: {target}")


@pytest.mark.parametrize("target", ["3", "[a]", "null", "''"])
def test_a_target_that_is_no_path_is_refused(refused, target):
    assert refused("strategy", "", f"_target_: {target}\n").startswith("strategy._target_ is ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("power: [1, 2\n", "line 2, column 1: expected ',' or ']', but got '<stream end>'"),
        ("power: 1\n colour: red\n", "line 2, column 8: mapping values are not allowed here"),
        ("power: 'a\n", "line 2, column 1: found unexpected end of stream"),
        ("\tpower: 1\n", "line 1, column 1: found character '\\t' that cannot start any token"),
        ("power: 1\npower: 2\n", "line 2, column 1: found duplicate key power"),
    ],
    ids=["bracket", "indentation", "quote", "tab", "key twice"],
)
def test_a_syntax_fault_of_an_option_is_named_with_file_line_and_column(refused, text, message):
    line = refused("strategy", STRATEGY, text)
    assert line.partition("own/strategy/mine.yaml, ")[2] == message


@pytest.mark.parametrize(
    "text", ["- 1\n- 2\n", "[]\n", "- power: 2\n"], ids=["a list", "an empty list", "a list of keys"]
)
def test_an_option_that_is_no_mapping_is_refused(refused, text):
    assert refused("strategy", STRATEGY, text).endswith("own/strategy/mine.yaml holds no keys with values")
