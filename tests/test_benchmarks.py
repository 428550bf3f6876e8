"""The benchmarks work: every installed rival computes the same, and a run reports what it should.

No test depends on a time. The reference, a derivation by hand, is compared with central differences of the scalar
program, computed with plain floats; all rivals are compared with the reference.
"""

from __future__ import annotations

import doctest
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("numpy", reason="the benchmarks' reference needs NumPy")
pytest.importorskip("rich", reason="the benchmarks' tables need rich")
pytest.importorskip("sklearn", reason="the benchmarks' data are scikit-learn's")

from rich.console import Console

from autograd import Value
from benchmarks import engines, measure, problems, report, runner, targets
from benchmarks.__main__ import arguments
from benchmarks.engines import ROOT, Missing
from benchmarks.problems import Problem
from benchmarks.rivals import RIVALS, by_hand, glassgrad, glassgrad_whole
from benchmarks.runner import Results, RunError, Worker
from benchmarks.scalars import PROGRAMS, Engine, Program, chain_of
from benchmarks.tasks import COMPILED, OURS, TASKS

# The same problems as in the benchmarks, but so small that every derivative can be checked.
SMALL: dict[str, Problem] = {
    "expression": problems.expression(True),
    "moons": {
        "inputs": [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [0.1, 0.9]],
        "targets": [1.0, -1.0, -1.0, 1.0],
        "penalty": 1e-2,
        "biased": True,
        "parameters": problems.network([2, 5, 3, 1]),
    },
    "digits": {
        "inputs": [[0.5, -1.0, 0.3], [1.5, 0.25, -0.2], [-0.75, 2.0, 1.0]],
        "targets": [1, 0, 3],
        "biased": True,
        "parameters": problems.network([3, 6, 4]),
    },
    "attention": problems.attention(3, causal=True, examples=2)(True),
    "rnn": problems.recurrent(1, 2)(True),
    "lstm": problems.recurrent(4, 2)(True),
    "layer-norm": problems.layer_norm(True),
    "residual": problems.residual(True),
    "convolution": problems.convolution(True),
    "gpt": problems.character_model(["abca"], letters=5, width=4, heads=2, context=6),
    "chain": {"nodes": 50},
    "wide": {"nodes": 1200},
}
SINGLE: dict[str, Problem] = {
    "attention": problems.attention(3, causal=True)(True),
    "rnn": problems.recurrent(1)(True),
    "lstm": problems.recurrent(4)(True),
}
OTHERS = [
    ("attention", problems.attention(3, causal=False)(True)),
    ("attention", problems.attention(3, causal=True, heads=2)(True)),
    ("gpt", {**problems.character_model(["ad", "b", "cabd"], 5, 4, 2, 5), "adam": problems.training(True)["adam"]}),
]
SMALL_ONES = [*SMALL.items(), *SINGLE.items(), *OTHERS]  # each program's name, with a problem for it
DIFFERENTIABLE = [(program, problem) for program, problem in SMALL_ONES if program not in ("chain", "wide")]


def program_of(task: str) -> str:
    return TASKS[task].program or task


# One task for every pair of a program and a measure.
ONE_OF_EACH = list({(program_of(name), task.measure): name for name, task in reversed(TASKS.items())}.values())[::-1]


class Floats(Engine):
    """The scalar programs without derivatives."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = numbers

    def leaves(self, numbers: Iterable[float]) -> list[float]:
        return self.numbers

    def zero(self, leaves: Any) -> None:
        pass

    def backward(self, root: Any) -> None:
        pass

    def data(self, root: float) -> float:
        return root

    def grad(self, leaf: float) -> float:
        return math.nan

    def adam_step(self, leaves: Any, lr: float, betas: Any, eps: float) -> Callable[[], None]:
        return lambda: None

    @staticmethod
    def relu(x: float) -> float:
        return max(x, 0.0)

    exp = staticmethod(math.exp)
    log = staticmethod(math.log)
    tanh = staticmethod(math.tanh)


def loss_at(name: str, problem: Problem, numbers: list[float]) -> float:
    return result_of(Floats(numbers).program(name, problem))[0]


def result_of(program: Program) -> tuple[float, list[float]]:
    return program.read(program.step())


# --- all compute the same -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "problem"), DIFFERENTIABLE)
def test_the_derivation_by_hand_is_right(name: str, problem: Problem) -> None:
    numbers, h = problems.flat(problem["parameters"]), 1e-6
    loss, gradients = result_of(by_hand.Library().program(name, problem))
    assert loss == pytest.approx(loss_at(name, problem, numbers), rel=1e-13)
    assert len(gradients) == len(numbers)
    for i, gradient in enumerate(gradients):
        above, below = ([*numbers[:i], numbers[i] + step, *numbers[i + 1 :]] for step in (h, -h))
        difference = (loss_at(name, problem, above) - loss_at(name, problem, below)) / (2.0 * h)
        # The error: the step squared times a third derivative, plus the rounding of the loss divided by the step.
        assert gradient == pytest.approx(difference, rel=1e-7, abs=1e-8 * max(1.0, abs(loss)))


def test_the_chain_and_the_wide_sum_are_right_too() -> None:
    """(1 + 1e-6)**51 by the binomial series, and 0 + 1 + ... + 999 + 0 + ... + 199."""
    loss, gradients = result_of(by_hand.Library().program("chain", SMALL["chain"]))
    assert loss == pytest.approx(1.0 + 51e-6 + 51 * 25 * 1e-12, rel=1e-13)
    assert gradients == [pytest.approx(51.0 * (1.0 + 50e-6 + 25 * 49 * 1e-12), rel=1e-13)]
    loss, gradients = result_of(by_hand.Library().program("wide", SMALL["wide"]))
    assert loss == 999 * 500 + 199 * 100
    assert gradients == [1.0] * 1200


def rivals_programs() -> list[tuple[str, str, Problem]]:
    """Each program of every module of rivals, with its problem."""
    modules = {rival.module: name for name, rival in RIVALS.items()}
    trains = {task: "adam" in TASKS[task].problem(True) for task in TASKS}
    parts = {(program_of(task), trains[task], rival) for task in TASKS for rival in TASKS[task].rivals}
    return [
        (module, program, problem)
        for module, name in modules.items()
        for program, problem in SMALL_ONES
        if (program, "adam" in problem, name) in parts or module == "glassgrad_nn"
    ]


@pytest.mark.usefixtures("same_limits")
@pytest.mark.parametrize(("module", "name", "problem"), rivals_programs())
def test_every_rival_computes_the_same(module: str, name: str, problem: Problem) -> None:
    program = pytest.importorskip(f"benchmarks.rivals.{module}").Library().program(name, problem)
    reference = by_hand.Library().program(name, problem)
    for _ in range(3):  # later steps start from the same leaves, or from where the optimiser has moved them
        loss, gradients = result_of(reference)
        found, slopes = result_of(program)
        assert found == pytest.approx(loss, rel=1e-12)
        assert slopes == pytest.approx(gradients, rel=1e-9, abs=1e-12)


def test_a_disagreement_is_noticed() -> None:
    gradients = [0.5, -2.0, 0.0, 1.0]
    right = measure.checksums(3.0, gradients)
    assert measure.disagreement(right, right) == 0.0
    wrong = [
        (3.00001, gradients),
        (3.0, [0.5, -2.0, 0.0, 1.0001]),
        (3.0, [-2.0, 0.5, 0.0, 1.0]),
        (3.0, [-x for x in gradients]),
        (3.0, [*gradients, 0.0]),
        (3.0, [0.5, -2.0, 0.0, math.nan]),
        (math.nan, gradients),
    ]
    assert all(measure.disagreement(measure.checksums(*each), right) > runner.TOLERANCE for each in wrong)


# --- a run --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put the benchmarks' copies of the source into a folder of this test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("GLASSGRAD_NATIVE", raising=False)
        yield


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with stubs: importing XAD fails, CasADi ends the process, and JAX lacks a library that it needs."""
    folder = tmp_path_factory.mktemp("stubs")
    broken = {"xad": "raise ImportError('no XAD here')", "casadi": "import os; os._exit(3)", "jax": "import jaxlob"}
    for name, text in broken.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, stubs: Path) -> tuple[str, Results]:
    """What ``python -m benchmarks`` printed and wrote, in a run of our own programs, NumPy and the stubs."""
    folder = tmp_path_factory.mktemp("run")
    rivals = ["interpreted", "interpreted-nn", "native", *COMPILED, "numpy", "xad", "casadi", "jax"]
    words = ["--quick", "--rounds", "2", "--tasks", *ONE_OF_EACH, "--rivals", *rivals, "--native", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words, "--json", str(folder / "results.json")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(stubs)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["results.json"]  # and no temporary file
    return done.stdout, json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_the_json_has_its_keys(ran: tuple[str, Results]) -> None:
    _, results = ran
    documented = {"date", "command", "rounds", "quick", "machine", "versions", "native", "tasks"}
    assert set(results) == documented
    assert set(results["machine"]) == {"platform", "processor", "cores", "load"}
    assert results["command"].startswith("python -m benchmarks --quick --rounds 2 --tasks expression")
    assert list(results["tasks"]) == ONE_OF_EACH
    for name, measured in results["tasks"].items():
        assert set(measured) == {"title", "what", "figure", "rivals", "missing"}
        assert set(measured["rivals"]) == set(TASKS[name].rivals) & {*OURS, *COMPILED, "interpreted-nn", "numpy"} - {
            "native"
        }
        for result in measured["rivals"].values():
            assert {"samples", "median"} <= set(result) <= {"samples", "median", "first", "lines", "modules"}
            rounds = len(result["samples"])
            assert rounds == min(2, TASKS[name].rounds)
            for key, median in result["median"].items():
                assert median == pytest.approx(sum(sample[key] for sample in result["samples"]) / rounds)
            assert measured["figure"] in result["median"], name
    mentioned = documented | set(results["machine"]) | {"samples", "median", "missing", "figure"}
    mentioned |= {"first", "lines", "modules"}
    assert [key for key in sorted(mentioned) if f"`{key}`" not in report.KEYS] == []


def test_what_is_missing_is_named_with_the_reason(ran: tuple[str, Results]) -> None:
    printed, results = ran
    missing = results["tasks"]["moons"]["missing"]
    assert missing["xad"] == "no XAD here"
    assert missing["jax"] == "jaxlob is not installed; pip install -e '.[bench]'"
    assert missing["casadi"] == "its process ended with code 3"
    assert missing["native"].startswith("there is no native build of autograd in ")
    assert "Not here: XAD: no XAD here." in printed
    assert results["tasks"]["imports"]["missing"]["xad"] == "ImportError: no XAD here"
    assert results["tasks"]["wide"]["missing"]["numpy"] == TASKS["wide"].left_out["numpy"]


def test_what_is_measured_besides_times(ran: tuple[str, Results]) -> None:
    tasks = ran[1]["tasks"]
    memory = tasks["memory"]["rivals"]["interpreted"]["median"]
    assert memory["built"] > 0.0 and memory["objects"] > 0.0
    modules = tasks["imports"]["rivals"]["interpreted"]["modules"]
    assert "autograd.value" in modules
    assert not {"numpy", "typing", "sklearn"} & set(modules)
    sizes = tasks["sizes"]["rivals"]["interpreted"]["median"]
    assert {key.partition(" ")[0] for key in sizes} == {"1000", "10000", "100000"}
    compiling = tasks["compiling"]["rivals"]["compiled-whole"]["median"]
    assert targets.sizes_of(compiling) == [1666, 10090]  # 648 for each example, and 1,018 for the penalty
    assert compiling["seconds"] == compiling["10090 seconds"] > 0.0
    assert tasks["moons"]["rivals"]["compiled"]["lines"] > 0
    assert [name for name, rival in tasks["moons"]["rivals"].items() if "lines" in rival] == list(COMPILED)
    threads = tasks["threads"]["rivals"]["interpreted"]["median"]
    assert threads["graphs"] > 0.0 and threads["rate"] > 0.0


def test_the_bytes_of_a_node() -> None:
    """Three nodes, and at most five floats: their data, the data of x, and the gradient 0.0 that they share."""
    root = chain_of(Value(1.5), 3)
    bytes_of_all = 3 * glassgrad.Library().object_bytes(root)
    assert 3 * sys.getsizeof(root) <= bytes_of_all <= 3 * sys.getsizeof(root) + 5 * sys.getsizeof(1.0)


def test_compiling_is_timed_for_the_nodes_that_there_are() -> None:
    engine, moons = glassgrad_whole.Library(), SMALL["moons"]
    parts = [
        {**moons, "inputs": moons["inputs"][:examples], "targets": moons["targets"][:examples]} for examples in (1, 3)
    ]
    found = measure.compiling(engine, {"program": "moons", "parts": parts}, 0.0)()
    counted = []
    for part in parts:
        reached, rest = set(), [PROGRAMS["moons"](engine, part)()[0]]
        while rest:
            node = rest.pop()
            if node not in reached:
                reached.add(node)
                rest += node.operands
        counted.append(len(reached))
    assert targets.sizes_of(found) == counted
    assert found["seconds"] == found[f"{counted[-1]} seconds"] > 0.0


def test_tables_show_every_rival(ran: tuple[str, Results]) -> None:
    printed, results = ran
    for each in report.tables(results):
        assert {len(row) for row in each.rows} == {len(each.headings)}
        assert each.title in printed
    by_title = {each.title: each for each in report.tables(results)}
    moons = by_title[TASKS["moons"].title]
    here = ("interpreted", "interpreted-nn", *COMPILED, "numpy")
    assert {row[0] for row in moons.rows} == {RIVALS[name].title for name in here}
    assert "time, NumPy = 1" in moons.headings  # no column for a rival without results
    assert "speed, micrograd = 1" not in moons.headings
    numpy = next(row for row in moons.rows if row[0] == RIVALS["numpy"].title)
    assert numpy[moons.headings.index("time, NumPy = 1")] == "1.00"
    assert by_title[TASKS["compiling"].title].headings == ["what", "1,666 nodes", "10,090 nodes"]
    assert "import autograd, interpreted" in {row[0] for row in by_title[TASKS["imports"].title].rows}


def test_ratios_and_targets_are_quotients_of_medians() -> None:
    def rival(seconds: float, fresh: float) -> dict[str, Any]:
        sample = {"seconds": seconds, "fresh": fresh, "gc": 0.0}
        return {"median": sample, "samples": [sample], "first": 1.0}

    moons = {
        "title": "Moons",
        "what": "",
        "figure": "seconds",
        "missing": {},
        "rivals": {"micrograd": rival(2.0, 0.5), "native": rival(0.01, 0.02), "interpreted": rival(0.2, 0.2)},
    }
    results: Results = {"tasks": {"moons": moons}}
    found = report.table("moons", moons)
    column = found.headings.index("speed, micrograd = 1")
    assert [row[column] for row in found.rows] == ["1.00", "10.0", "200"]
    # against micrograd at its best, 0.5 s: 50 and 2.5 times, where 25 and 5 are wanted
    held = {row[0]: row[2:] for row in report.targets(results).rows}
    assert list(held.values()) == [["50.0", "yes"], ["2.50", "NO"]]
    assert targets.figure(results, "moons", "xad", "seconds") is None


def test_targets_of_what_is_compiled() -> None:
    def rival(seconds: float, fresh: float) -> dict[str, Any]:
        return {"median": {"seconds": seconds, "fresh": fresh}, "first": 2.5}

    compiled, whole, numpy = rival(2e-4, 1.0), rival(5e-4, 1.0), rival(1e-4, 0.5)
    moons = {"compiled": compiled, "compiled-whole": whole, "numpy": numpy, "micrograd": rival(1.5, 0.5)}
    per_node = {"1666 seconds": 9e-6, "10090 seconds": 4e-6, "1000234 seconds": 1e-5, "seconds": 1e-5}
    causal = {"8147 seconds": 5e-5, "57927 seconds": 2e-5, "seconds": 2e-5}
    digits = {"compiled": rival(1.1e-4, 1.0), "numpy": numpy, "compiled-jax": rival(1.8e-4, 1.0)}
    results: Results = {
        "tasks": {
            "expression": {"rivals": {"compiled-whole": rival(1.2e-6, 1.0), "casadi": rival(1e-7, 1.0)}},
            "moons": {"rivals": moons},
            "digits-128": {"rivals": {**digits, "jax": rival(1.5e-4, 1.0)}},
            "causal-8": {"rivals": {"compiled": {**rival(1.4e-4, 1.0), "lines": 90}, "numpy": numpy}},
            "rnn-32": {"rivals": {"compiled": {**rival(1.2e-4, 1.0), "lines": 12}, "numpy": numpy}},
            "compiling": {"rivals": {"compiled-whole": {"median": per_node}}},
            "compiling-causal": {"rivals": {"compiled": {"median": causal}}},
        }
    }
    held = {row[0]: row[2:] for row in report.targets(results).rows}
    assert held == {
        "moons step, compiled, against micrograd": ["2,500", "NO"],
        "moons step, compiled, against micrograd, the collector included": ["7,500", "yes"],
        "moons step, compiled, against NumPy by hand": ["2.00", "NO"],
        "digits step with a batch of 128, compiled, against NumPy by hand": ["1.10", "yes"],
        "moons step, compiled whole graph, against NumPy by hand": ["5.00", "NO"],
        "moons, compiled whole graph, from the data to the first gradient": ["2.50", "yes"],
        "compiling, time per node at 10^6 nodes, against that at 10^4": ["2.50", "NO"],
        "causal attention, 8 steps, compiled, against NumPy by hand": ["1.40", "yes"],
        "causal attention, 8 steps, compiled, the program's step": ["90.0", "NO"],
        "RNN, a batch of 32, compiled, against NumPy by hand": ["1.20", "NO"],
        "RNN, a batch of 32, compiled, the program's step": ["12.0", "yes"],
        "micrograd's README expression, compiled whole graph": ["1.20", "yes"],
        "micrograd's README expression, compiled whole graph, against CasADi": ["12.0", "NO"],
        "digits step with a batch of 128, compiled for JAX, against jax.jit by hand": ["1.20", "NO"],
        "compiling causal attention of 32 steps, compiled": ["1.16", "NO"],
    }


def test_the_page_and_the_plot(ran: tuple[str, Results], tmp_path: Path) -> None:
    _, results = ran
    page = report.markdown(results)
    assert results["command"] in page
    assert "A quick run" in page
    for each in report.tables(results):
        assert f"## {each.title}" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    if find_spec("matplotlib") is None:
        with pytest.raises(ModuleNotFoundError, match="matplotlib"):
            report.write(results, tmp_path)
        return
    written = report.write(results, tmp_path)
    assert {path.name for path in written} == {report.PAGE, report.PLOT} == {path.name for path in tmp_path.iterdir()}
    svg = (tmp_path / report.PLOT).read_text(encoding="utf-8")
    assert "<svg" in svg and "glassgrad interpreted, build + backward" in svg


def test_a_file_of_results_is_shown_again(ran: tuple[str, Results]) -> None:
    printed, results = ran
    screen = io.StringIO()
    report.show(results, Console(file=screen, width=130))
    assert screen.getvalue() == printed


@pytest.mark.parametrize("module", [measure, report, targets])
def test_doctests(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


# --- what must fail -----------------------------------------------------------------------------------------------


def test_a_wrong_result_fails_the_run_and_names_the_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "reference_checksums", lambda *_: [1.0, 2.0, 3.0, 4.0, 5.0])
    with pytest.raises(RunError, match=r"glassgrad interpreted, own loops computes something else in 'expression'"):
        runner.run(["expression"], ["interpreted"], rounds=1, quick=True)


def begin(rival: str, folder: Path) -> dict[str, Any]:
    worker = Worker(RIVALS[rival], folder)
    try:
        order = {"rival": rival, "task": "chain", "measure": "chain", "problem": {"nodes": 10}, "budget": 0.0}
        return worker.begin(order, None)
    finally:
        worker.close()


def test_each_engine_runs_from_its_own_folder() -> None:
    said = begin("interpreted", engines.interpreted())
    assert said["engine"] == "interpreted"
    assert Path(said["file"]).is_relative_to(engines.interpreted())


def test_an_engine_that_is_not_what_it_should_be_is_found_out() -> None:
    with pytest.raises(RunError, match=r"should run native from .* but it runs interpreted"):
        begin("native", engines.interpreted())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import os; os._exit(7)", "its process ended with code 7"),
        ("Graph = None", "cannot import name 'Value' from 'autograd'"),
        ("import autograd.nothing", "No module named 'autograd.nothing'"),
    ],
)
def test_a_failure_of_our_own_is_an_error(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "autograd.py").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=f"glassgrad interpreted, own loops failed: {reason}"):
        begin("interpreted", tmp_path)


def test_what_one_of_our_own_needs_may_be_missing(monkeypatch: pytest.MonkeyPatch, stubs: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(stubs))
    order = {"task": "digits", "measure": "steps", "problem": SMALL["digits"], "budget": 0.0}
    worker = Worker(RIVALS["compiled-jax"], engines.interpreted())
    try:
        with pytest.raises(Missing):
            worker.begin({**order, "rival": "compiled-jax"}, None)
    finally:
        worker.close()


def test_wrong_gradients_in_threads_are_found() -> None:
    problem = {"threads": 2, "seconds": 0.05}
    assert measure.threads(glassgrad.Library(), problem, 0.0)()["graphs"] > 0.0

    class Skewed(glassgrad.Library):
        def grad(self, leaf: Any) -> float:
            return super().grad(leaf) + 1.0

    class Forgetful(glassgrad.Library):
        """Loses the gradients that one of the backward passes adds to shared leaves."""

        lost = False

        def backward(self, root: Any) -> None:
            shared = root.operands[0].operands[0].operands[1].operands[0]
            before = shared.grad
            super().backward(root)
            if not self.lost and shared.grad != before:
                self.lost, shared.grad = True, before

    with pytest.raises(ArithmeticError, match="a wrong gradient"):
        measure.threads(Skewed(), problem, 0.0)()
    with pytest.raises(ArithmeticError, match="the shared leaves have"):
        measure.threads(Forgetful(), {**problem, "threads": 1}, 0.0)()


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--tasks", "nothing"], ["--rivals", "nobody"]])
def test_a_wrong_command_line_is_refused(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert words[1] in done.stderr


def test_the_names_of_tasks_and_groups() -> None:
    assert arguments([]).tasks == [name for name in TASKS if name != "threads"]
    chosen = arguments(["--tasks", "chain", "compiler", "moons"]).tasks
    assert chosen[:3] == ["chain", "expression", "moons"]
    assert len(chosen) == len(set(chosen))
    assert {"causal-8", "digits-784", "compiling"} < set(chosen)
    assert not {"memory", "wide"} & set(chosen)


# --- the engines' folders -----------------------------------------------------------------------------------------


def test_the_interpreted_engine_is_this_source_and_nothing_else() -> None:
    folder = engines.interpreted()
    assert engines.same_source(folder)
    assert not engines.is_native(folder)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".py", ".pyc", ".pxd"}
    assert engines.interpreted() == folder


def test_a_native_build_is_taken_only_from_this_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(folder: Path) -> None:
        raise Missing("no compiler")

    monkeypatch.setattr(engines, "_build", refuse)
    monkeypatch.setattr(engines, "_installed", lambda: [tmp_path])
    engines._copy(tmp_path)
    with pytest.raises(Missing, match="no compiler"):
        engines.native()
    for name in engines.NATIVE:
        (tmp_path / "autograd" / f"{name}{EXTENSION_SUFFIXES[0]}").touch()
    assert engines.native() == (tmp_path, "the installed build")

    (tmp_path / "nn" / "layers.py").write_text("# another version", encoding="utf-8")
    with pytest.raises(Missing, match="no compiler"):
        engines.native()
    monkeypatch.setenv("GLASSGRAD_NATIVE", str(tmp_path))
    assert engines.native() == (tmp_path, "the folder asked for; its source differs from this one")
