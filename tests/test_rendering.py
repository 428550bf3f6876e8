"""Running Graphviz in either of two ways, and the message if neither is available."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.view import rendering
from autograd.view.rendering import GraphvizMissing, render, split

SIGNATURES = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "json": b"{", "plain": b"graph"}


@pytest.fixture(params=["dot", "pygraphviz"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make only one of the two ways available; returns its name."""
    use(request.param, monkeypatch)
    return str(request.param)


def use(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "dot":
        if shutil.which("dot") is None:
            pytest.skip("there is no dot program")
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
    else:
        if find_spec("pygraphviz") is None:
            pytest.skip("pygraphviz is not installed")
        monkeypatch.setenv("PATH", "")


def use_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.mark.parametrize("format", SIGNATURES)
def test_formats(engine: str, format: str) -> None:
    assert render("digraph { a -> b }", format).startswith(SIGNATURES[format])


def test_the_layout_is_graphviz_s_own(engine: str) -> None:
    lines = render("digraph { rankdir=LR; a -> b; a -> c }", "plain").decode().splitlines()
    nodes = {line.split()[1]: line.split() for line in lines if line.startswith("node")}
    edges = [line.split()[1:3] for line in lines if line.startswith("edge")]
    assert set(nodes) == {"a", "b", "c"} and sorted(edges) == [["a", "b"], ["a", "c"]]
    assert float(nodes["a"][2]) < float(nodes["b"][2]) == float(nodes["c"][2])


def test_another_layout_engine(engine: str) -> None:
    source = "graph { a -- b -- c -- a }"
    assert render(source, "plain", "circo") != render(source, "plain")


def test_several_graphs_come_one_after_another(engine: str) -> None:
    graphs = [
        'digraph one { a [label="} \\" {"] }',
        "// {\nstrict graph two { b /* } */ -- c }",
        "digraph { d [label=<<b>{</b>>] }",
    ]
    together = render("\n".join(graphs), "plain")
    assert together == b"".join(render(graph, "plain") for graph in graphs)
    assert together.count(b"stop") == 3


def test_text_beyond_ascii(engine: str) -> None:
    assert "żółć 😀" in render('digraph { a [label="żółć 😀"] }', "svg").decode().replace("&#160;", " ")


@pytest.mark.parametrize(
    "source", ["digraph { a -> ", "graf { a }", 'digraph { a [label="] }', "", "  \n", "digraph { a } }"]
)
def test_what_is_no_graph(engine: str, source: str) -> None:
    with pytest.raises(ValueError, match=r"Graphviz cannot draw this as svg: ."):
        render(source, "svg")


def test_unknown_formats_and_engines(engine: str) -> None:
    with pytest.raises(ValueError, match=r'cannot draw this as bmpx: .*Format: "bmpx" not recognized'):
        render("digraph { a }", "bmpx")
    with pytest.raises(ValueError, match=r"cannot draw this as svg: .*nonsuch"):
        render("digraph { a }", "svg", "nonsuch")


@pytest.mark.parametrize("name", ["svg -o/tmp/x", "-v", "", "../x", "svg\n"])
def test_names_that_are_no_names_never_reach_a_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(ValueError, match="lower case"):
        render("digraph { a }", name)
    with pytest.raises(ValueError, match="lower case"):
        render("digraph { a }", "svg", name)


def test_without_graphviz_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    use_neither(monkeypatch)
    with pytest.raises(GraphvizMissing, match=r"pip install 'glassgrad\[view\]'.*`dot` is on PATH"):
        render("digraph { a }", "svg")


def test_dot_on_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/there/{name}")
    assert rendering._command("svg", "dot") == ["/there/dot", "-Kdot", "-Tsvg"]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_a_crash_of_graphviz_is_an_error_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for end, said in (("abort()", r"it crashed \(signal 6\)"), ("_exit(3)", "it ended with code 3 and no output")):
        crash = [sys.executable, "-c", f"import os; os.{end}"]
        monkeypatch.setattr(rendering, "_command", lambda format, engine, crash=crash: crash)
        with pytest.raises(ValueError, match=said):
            render("digraph { a }", "svg")


def test_a_broken_pygraphviz_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('libgvc is not there')", encoding="utf-8")
    monkeypatch.setenv("PATH", "")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pygraphviz", raising=False)
    with pytest.raises(ValueError, match="libgvc is not there"):
        render("digraph { a }", "svg")


def test_the_folder_that_one_is_in_does_not_matter(
    engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("pygraphviz", "graphviz", "autograd"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert render("digraph { a }", "plain").startswith(b"graph")


QUOTED = st.text().map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
PARTS = st.one_of(
    QUOTED.map(lambda label: f"a [label={label}]"),
    st.just("a -> b"),
    st.just("/* } */"),
    st.just("\n# }\n"),
    st.just("\n// {\n"),
    st.just("subgraph { c }"),
    st.just("d [label=<<table><tr><td>}</td></tr></table>>]"),
)
GRAPHS = st.lists(PARTS, max_size=5).map(lambda parts: f"digraph {{ {'; '.join(parts)} }}")


@given(st.lists(GRAPHS, min_size=1, max_size=5))
def test_splitting_finds_the_graphs(graphs: list[str]) -> None:
    assert list(split("\n".join(graphs))) == [graphs[0], *("\n" + graph for graph in graphs[1:])]
