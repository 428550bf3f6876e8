"""The command line: what it prints and writes, what it refuses, and how it ends."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nn
from autograd import Graph, Value
from autograd.__main__ import main
from autograd.view import explain
from autograd.view.text import names
from demos.classroom.networks import credit_network

from .test_rendering import engine as engine
from .test_rendering import use_neither
from .test_text import Lesson
from .test_text import lesson as lesson

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "guides" / "command-line.md"
NEURON = ["tanh(w*x + b)", "w=0.5", "x=2", "b=1"]


def table(text: str) -> dict[str, tuple[str, ...]]:
    """The rows of a table by the names of the nodes, without empty cells."""
    rows = [tuple(re.split(r"  +", line.strip())) for line in text.splitlines()]
    assert rows[0] == ("node", "formula", "value", "gradient") and set("".join(rows[1])) == {"-"}
    return {row[0]: row[1:] for row in rows[2:]}


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Open no page in a browser; the list has the addresses that would have been opened."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url, *_, **__: opened.append(url) or True)  # type: ignore[func-returns-value]
    return opened


@pytest.fixture
def credit(tmp_path: Path) -> Path:
    path = tmp_path / "credit.json"
    Graph(credit_network().error).save(path)
    return path


# --- expressions --------------------------------------------------------------------------------------------------


def test_every_node_value_and_gradient_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NEURON, "--digits", "17"]) == 0
    out, err = capsys.readouterr()
    slope = 1.0 / math.cosh(2.0) ** 2
    rows = table(out)
    assert list(rows) == ["w", "x", "@1", "b", "@2", "@3"] and err == ""
    assert [row[0] for row in rows.values() if len(row) == 3] == ["w * x", "@1 + b", "tanh(@2)"]
    assert [float(row[-2]) for row in rows.values()] == [0.5, 2.0, 1.0, 1.0, 2.0, math.tanh(2.0)]
    by_hand = [2.0 * slope, 0.5 * slope, slope, slope, slope, 1.0]
    assert [float(row[-1]) for row in rows.values()] == pytest.approx(by_hand, rel=1e-14)


@pytest.mark.parametrize("number", ["-0.5", "1e3", "inf", "-inf", "nan", "+2", ".5", " 7 ", "1e999"])
def test_numbers(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["w * 1", f"w={number}"]) == 0
    assert repr(float(table(capsys.readouterr().out)["w"][0])) == repr(float(number))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1/3", 1 / 3),
        ("sqrt(2)", math.sqrt(2.0)),
        ("-1e3", -1000.0),
        ("2**-1 - 3*4", -11.5),
        ("-inf/2", -math.inf),
        ("0*inf", math.nan),
        ("1/0", math.inf),
        ("maximum(1, nan)", math.nan),
        ("sum([1, 2]) ", 3.0),
        ("--2", 2.0),
        ("1_000", 1000.0),
        ("Infinity", math.inf),
    ],
)
def test_a_value_is_any_expression_of_numbers(text: str, number: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["w * 1", f"w={text}", "--digits", "17"]) == 0
    assert repr(float(table(capsys.readouterr().out)["w"][0])) == repr(number)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["-x**2", "x=3"], -9.0),
        (["--x", "x=3"], 3.0),
        (["---x*y", "x=3", "y=2"], -6.0),
        (["-2"], -2.0),
        (["--2"], 2.0),
        (["--explained - 1", "explained=3"], 2.0),
        (["-h*2", "h=3"], -6.0),
        (["--of-json", "of=3", "json=1"], 2.0),
        (["--digits", "3", "-x", "x=-1"], 1.0),
        (["--x", "--digits", "3", "x=-1", "--table"], -1.0),
        (["--digits=3", "--", "--x", "x=-1"], -1.0),
        (["--", "--table", "table=2"], 2.0),
    ],
)
def test_an_option_is_what_the_parser_knows(
    arguments: list[str], value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    *_, last = table(capsys.readouterr().out).values()
    assert float(last[-2]) == value


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_an_option_wherever_it_stands(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([option], ["-x", "x=1", option], ["view", option]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0 and "examples:" in capsys.readouterr().out


def test_the_value_of_an_option_may_begin_with_a_minus_sign(capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["--explain", "-2"], ["--explain=-2"]):
        assert main(["x * -2", "x=3", *given]) == 0
        assert "d@1/d-2 = d@1/d@1 · ∂@1/∂-2" in capsys.readouterr().out


def test_an_expression_of_numbers_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["9**9**9**9"]) == 0
    assert table(capsys.readouterr().out) == {"inf": ("inf", "1")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["w*x", "w=1"], "no value for x; give values after the expression, as in x=0.5\n    w*x\n      ^"),
        (["a + b + a"], "no value for a, b; "),
        (["w", "w=1", "q=2"], "there is no 'q' in the expression; the names in it: w"),
        (["1 + 1", "q=2"], "there is no 'q' in the expression; the names in it: none"),
        (["w", "w=1", "w=2"], "'w' has two values, 1.0 and '2'"),
        (["w", "w=one"], "the value of 'w' must be a number, not 'one'"),
        (["w", "w="], "the value of 'w' must be a number, not ''"),
        (
            ["w*x", "x=2", "w=2*x"],
            "must be a number, not '2*x': it can be computed from numbers, as in 1/3 or sqrt(2), ",
        ),
        (["w*x", "x=2", "w=2*x"], "but not from other names\n    2*x\n      ^"),
        (["w", "w=w"], "but not from other names"),
        (["w", "w=1/"], "not '1/': a number, a name or '(' is missing at the end\n    1/\n      ^"),
        (["w", "w=[1]"], "not '[1]': a list can only be an operand of a function"),
        (["w", "w=open('a')"], "not \"open('a')\": there is no function 'open'"),
        (["w", "w=0x10"], "not '0x10': an operator is missing before 'x10'"),
        (["--tabel", "w*x", "w=1", "x=2"], "such as w=0.5, not 'w*x'; '--tabel' is not an option"),
        (["w*x", "--tabel", "w=1", "x=2"], "such as w=0.5, not '--tabel'; '--tabel' is not an option"),
        (["-x", "x=1", "--of", ""], "there is no node called ''; the nodes are: @1, x"),
        (["w", "w"], "write a value as NAME=NUMBER, such as w=0.5, not 'w'"),
        (["w", "2=w"], "write a value as NAME=NUMBER, such as w=0.5, not '2=w'"),
        (["w w", "w=1"], "an operator is missing before 'w'\n    w w\n      ^"),
        (["__import__('os').abort()"], "there is no function '__import__'"),
        (["tanh(w, w)", "w=1"], "tanh() takes 1 operand, got 2"),
        ([*NEURON, "--explain", "nobody"], "there is no node called 'nobody'; the nodes are: @3, @2, b, @1, x, w"),
        ([*NEURON, "--of", "nobody"], "there is no node called 'nobody'"),
        ([*NEURON, "--of", "@1", "--explain", "b"], "there is no node called 'b'; the nodes are: @1, x, w"),
        (["w*2 + w*2", "w=1", "--explain", "2"], "2 nodes are called '2'"),
        ([*NEURON, "--latex"], "--latex is a form of --explain NAME"),
        (
            [*NEURON, "--draw", "picture"],
            "the name of a picture must end in its format, such as graph.svg, not 'picture'; ",
        ),
        (
            [*NEURON, "--draw", "a.s v"],
            "not 'a.s v'; the formats are svg, png, pdf, jpg, gif, eps and ps, and dot, which ",
        ),
        ([*NEURON, "--draw", "."], "the name of a picture must end in its format, such as graph.svg, not '.'"),
        (
            [*NEURON, "--draw", "sub/.svg"],
            "the name of a picture must end in its format, such as graph.svg, not 'sub/.svg'",
        ),
        ([*NEURON, "--explore", "page"], "the name of a page must end in .html, such as page.html, not 'page'"),
        ([*NEURON, "--explore", "page.txt"], "the name of a page must end in .html, such as page.html, not 'page.txt'"),
        ([*NEURON, "--explore", "b=1"], "the name of a page must end in .html, such as page.html, not 'b=1'"),
        ([*NEURON, "--explore", ""], "the name of a page must end in .html, such as page.html, not ''"),
        ([*NEURON, "--explore", "."], "cannot write '.': it names a folder; give the name of a file"),
        ([*NEURON, "--draw", "a.dot", "--explore", "a.txt"], "the name of a page must end in .html"),
        ([*NEURON, "--explore", "a.html", "--draw", "a"], "the name of a picture must end in its format"),
        ([*NEURON, "--draw", "nowhere/a.dot"], "there is no folder 'nowhere' to write 'a.dot' to"),
        ([*NEURON, "--draw", "a.dot", "--limit", "5"], "the graph has 6 nodes"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and message in err and "Traceback" not in err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("digits", ["0", "18", "-1", "many", "9" * 10_000, "1.5", "0019", "001" + "9" * 10_000])
def test_wrong_digits(digits: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*NEURON, f"--digits={digits}"])
    assert caught.value.code == 2
    assert "must be a number from 1 to 17" in capsys.readouterr().err


LONG = 200_000
HUGE = [
    ["-" * LONG],
    ["-" * LONG, "x=1"],
    ["--" + "x" * LONG],
    ["x", "-" * LONG],
    ["x", "y" * LONG + "=1"],
    ["x", "x=" + "-" * LONG],
    ["x", "x=" + "y" * LONG],
    ["x", "x=1", "x=" + "1" * LONG],
    ["x" * LONG, "x" * LONG + "=1", "x" * LONG + "=2"],
    ["x" * LONG, "x" * LONG + "=y"],
    ["+".join(f"x{i}" for i in range(LONG // 10)), "y=1"],
    ["tanh(" * LONG],
    ["x" * LONG + "(1)"],
    ["'" + "x" * LONG + "'"],
    ["x", "x=1", "--table=" + "y" * LONG],
    ["x", "x=1", "--digits=" + "1" * LONG],
    ["x", "x=1", "--limit", "-" * LONG],
    ["x", "x=1", "--of", "y" * LONG],
    ["x", "x=1", "--explain", "-" * LONG],
    ["x", "x=1", "--explore", "y" * LONG],
    ["x", "x=1", "--explore", "y" * LONG + ".html"],
    ["x", "x=1", "--draw", "y" * LONG],
    ["x", "x=1", "--draw", "y" * LONG + ".dot"],
    ["x", "x=1", "--draw", "y." + "x" * LONG],
    ["view", "y" * LONG],
    ["view", "graph.json", "-" * LONG],
    ["view", "--table=" + "y" * LONG, "graph.json"],
]


@pytest.mark.parametrize("arguments", HUGE, ids=range(len(HUGE)))
def test_a_message_is_short_whatever_was_given(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    assert code == 2 and out == "" and "error: " in err and len(err) < 1_500


def test_huge_expressions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["(" * 100_000 + "w" + ")" * 100_000, "w=2"]) == 0
    assert table(capsys.readouterr().out) == {"w": ("2", "1")}
    assert main(["+".join(["w"] * 10_000), "w=2"]) == 0
    rows = table(capsys.readouterr().out)
    assert len(rows) == 10_000 and rows["w"] == ("2", "10000")
    assert main([f"sum([{','.join(['w'] * 10_000)}])", "w=2"]) == 0
    assert len(capsys.readouterr().out) < 1_000


# --- options ------------------------------------------------------------------------------------------------------


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(1.0, "b")
    y = (w * x + b).tanh()
    assert main([*NEURON, "--explain", "w"]) == 0
    assert capsys.readouterr().out == explain(w, of=y) + "\n"
    assert main([*NEURON, "--explain", "w", "--latex", "--digits", "3"]) == 0
    assert capsys.readouterr().out == explain(w, of=y, digits=3, form="latex") + "\n"
    assert main([*NEURON, "--explain", "@1", "--table"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("d@3/d@3 = 1\n") and "node  formula" in out


def test_of_differentiates_another_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NEURON, "--of", "@1"]) == 0
    assert table(capsys.readouterr().out) == {"w": ("0.5", "2"), "x": ("2", "0.5"), "@1": ("w * x", "1", "1")}


def test_nodes_are_called_the_same_whatever_is_differentiated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The names are those of the whole graph: in a graph of this part alone, @3 would be @1."""
    expression = ["exp(a*b) - tanh(b*c)", "a=1", "b=2", "c=3"]
    assert main(expression) == 0
    rules = {name: row[0] for name, row in table(capsys.readouterr().out).items() if name.startswith("@")}
    assert rules == {"@1": "a * b", "@2": "exp(@1)", "@3": "b * c", "@4": "tanh(@3)", "@5": "@2 - @4"}
    page, picture = tmp_path / "a.html", tmp_path / "a.dot"
    given = ["--of", "@4", "--explain", "c", "--table", "--explore", str(page), "--draw", str(picture)]
    assert main([*expression, *given]) == 0
    out = capsys.readouterr().out
    assert out.startswith("d@4/d@4 = 1\nd@4/d@3 = d@4/d@4 · ∂@4/∂@3\n")
    assert list(table(out[out.index("node  ") :])) == ["b", "c", "@3", "@4"]
    assert '"names":["b","c","@3","@4"]' in page.read_text() and "<title>@4 · glassgrad</title>" in page.read_text()
    assert 'tooltip="@4 = tanh(@3)"' in picture.read_text()
    assert main([*expression, "--of", "@4", "--explain", "@1"]) == 2
    assert capsys.readouterr().err == "error: there is no node called '@1'; the nodes are: @4, @3, c, b\n"


def test_json_is_a_graph_with_its_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["w * x + b", "w=0.5", "x=2", "b=inf", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["format"] == "glassgrad-graph"
    graph = Graph.from_json(out)
    assert graph.root.data == math.inf and [x.grad for x in graph.leaves] == [2.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("ending", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("PDF", b"%PDF"), ("dot", b"digraph")]
)
def test_draw(ending: str, begins: bytes, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"neuron.{ending}"
    assert main([*NEURON, "--draw", str(path)]) == 0
    assert path.read_bytes().startswith(begins)
    assert capsys.readouterr() == ("", f"wrote {path}\n")
    assert os.listdir(tmp_path) == [path.name]


def test_a_picture_has_the_gradients(tmp_path: Path) -> None:
    assert main([*NEURON, "--draw", str(tmp_path / "a.gv")]) == 0
    assert "w | data 0.5000 | grad 0.1413" in (tmp_path / "a.gv").read_text(encoding="utf-8")


def test_an_unknown_format(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NEURON, "--draw", str(tmp_path / "a.docx")]) == 2
    err = capsys.readouterr().err
    assert "Graphviz cannot draw this as docx" in err and " pdf " in err and " svg " in err
    assert os.listdir(tmp_path) == []


def test_without_graphviz(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    use_neither(monkeypatch)
    assert main([*NEURON, "--draw", str(tmp_path / "a.svg")]) == 2
    assert "pip install 'glassgrad[view]'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.delitem(sys.modules, "autograd.view.digraph", raising=False)
    assert main([*NEURON, "--draw", str(tmp_path / "a.dot")]) == 1
    assert "pip install 'glassgrad[view]'" in capsys.readouterr().err
    assert main(NEURON) == 0
    assert os.listdir(tmp_path) == []


def test_explore(tmp_path: Path, capsys: pytest.CaptureFixture[str], no_browser: list[str]) -> None:
    path = tmp_path / "neuron.html"
    assert main([*NEURON, "--explore", str(path)]) == 0
    assert "<html" in path.read_text(encoding="utf-8")
    assert capsys.readouterr() == ("", f"wrote {path}\n")
    assert no_browser == []


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's")
def test_a_page_for_a_pipe_or_a_device_needs_no_ending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NEURON, "--explore", os.devnull]) == 0
    assert capsys.readouterr() == ("", f"wrote {os.devnull}\n") and not os.path.isfile(os.devnull)
    given = *NEURON, "--explore", "/dev/stdout", "--table"
    with (tmp_path / "redirected").open("w+", encoding="utf-8") as file:
        assert run(*given, stdout=file).returncode == 0
        file.seek(0)
        redirected = file.read()
    assert redirected == run(*given).stdout
    page, end, rows = redirected.partition("</html>\n")
    assert page.startswith("<!doctype html>") and end and len(table(rows)) == 6


def test_several_requests_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, page = str(tmp_path / "a.dot"), str(tmp_path / "a.html")
    assert main([*NEURON, "--json", "--draw", picture, "--explore", page]) == 0
    out, err = capsys.readouterr()
    assert len(Graph.from_json(out)) == 6 and err == f"wrote {picture}\nwrote {page}\n"


# --- exported graphs ----------------------------------------------------------------------------------------------


def test_view_opens_a_page(credit: Path, no_browser: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", str(credit)]) == 0
    assert len(no_browser) == 1 and no_browser[0].startswith("file:")
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("opened ")


def test_view_shows_what_an_option_asks_for(
    credit: Path, no_browser: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    network = credit_network()
    network.error.backward()
    assert main(["view", str(credit), "--table"]) == 0
    rows = table(capsys.readouterr().out)
    for parameter in network.parameters:
        assert rows[parameter.label] == (f"{parameter.data:.10g}", f"{parameter.grad:.10g}")
    assert main(["view", str(credit), "--explain", "w11", "--of", "o"]) == 0
    assert capsys.readouterr().out == explain(network.w[0][0], of=network.o) + "\n"
    assert main(["view", str(credit), "--draw", str(tmp_path / "a.dot"), "--explore", str(tmp_path / "a.html")]) == 0
    assert main(["view", str(credit), "--json"]) == 0
    assert Graph.from_json(capsys.readouterr().out).root.label == "E"
    assert no_browser == [] and sorted(os.listdir(tmp_path)) == ["a.dot", "a.html", "credit.json"]


def test_nodes_of_networks_are_found_by_scope_and_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mlp.json"
    Graph(nn.MLP(1, [2, 1], seed=1)([2.0])).save(path)
    assert main(["view", str(path), "--explain", "layer1.neuron2.w1"]) == 0
    assert "/dlayer1.neuron2.w1 = " in capsys.readouterr().out
    assert main(["view", str(path), "--explain", "w1"]) == 2
    assert "3 nodes are called 'w1'" in capsys.readouterr().err


def forged(change: str) -> str:
    document = json.loads(Graph(Value(2.0, "x") * 3).to_json())
    nodes = document["nodes"]
    exec(change, {"document": document, "nodes": nodes})
    return json.dumps(document)


BAD = {
    "empty": (b"", "damaged"),
    "truncated": (Graph(Value(2.0, "x") * 3).to_json()[:-20].encode(), "damaged"),
    "binary": (bytes(range(256)), "not a graph"),
    "deep": (b"[" * 1_000_000, "damaged"),
    "another document": (b'{"a": 1}', '"format" must be'),
    "later version": (forged("document['version'] = 2").encode(), "version 2 cannot be read"),
    "unknown operation": (forged("nodes[2]['op'] = 'os.system'").encode(), "there is no operation 'os.system'"),
    "cycle": (forged("nodes[2]['operands'] = [2, 1]").encode(), "node 2 of the graph is wrong"),
    "wrong result": (forged("nodes[2]['data'] = 7.0").encode(), "node 2 of the graph is wrong"),
    "wrong root": (forged("document['root'] = 9").encode(), '"root" must be'),
    "nan": (b'{"format": NaN}', "NaN is not JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_graphs_are_refused_in_a_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, message = BAD[name]
    path = tmp_path / "graph.json"
    path.write_bytes(content)
    assert main(["view", str(path), "--table"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and message in err and len(err) < 300


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        assert main(["view", str(path)]) == 2
        assert capsys.readouterr().err.startswith(f"error: cannot read {str(path)!r}: ")


def test_hostile_labels_steer_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "graph.json"
    x = Value(2.0, "\x1b[2J\x1b]0;owned\x07\r\n</script>" + "x" * 10_000)
    Graph(x * x).save(path)
    assert main(["view", str(path), "--table"]) == 0
    out = capsys.readouterr().out
    assert re.search("[\x00-\x09\x0b-\x1f\x7f]", out) is None and len(out) < 1_000


def test_a_graph_that_is_saved_after_training_has_the_numbers_from_before(
    lesson: Lesson, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, leaf = tmp_path / "graph.json", Graph(lesson.loss).position(lesson.leaves[0])

    def printed() -> str:
        Graph(lesson.loss).save(path)
        name = names(Graph.load(path))[leaf]
        assert main(["view", str(path), "--table", "--json", "--explain", name]) == 0
        return capsys.readouterr().out

    before = printed()
    lesson.train(3)
    assert printed() == before


# --- the command itself -------------------------------------------------------------------------------------------


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograd", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(command, encoding="utf-8", **{**pipes, **options})  # type: ignore[call-overload,no-any-return]


def test_it_runs_as_a_module() -> None:
    done = run(*NEURON)
    assert (done.returncode, done.stderr) == (0, "") and len(table(done.stdout)) == 6
    wrong = run("w +", "w=1")
    assert (wrong.returncode, wrong.stdout) == (2, "") and "Traceback" not in wrong.stderr


def test_nothing_is_loaded_that_a_table_does_not_need() -> None:
    program = (
        "import sys; from autograd.__main__ import main; main(['w*2', 'w=1']); "
        "print([name for name in ('numpy', 'graphviz', 'pygraphviz', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_terminal_without_the_signs_gets_question_marks() -> None:
    done = run(*NEURON, "--explain", "w", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 0 and "?@1/?w" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="pipes break differently there")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{shlex.quote(sys.executable)} -m autograd '{'+'.join(['w'] * 20_000)}' w=1 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout.startswith("node") and done.stderr == ""


def test_help_has_examples_that_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Graph(nn.MLP(1, [1, 1], seed=1)([2.0])).save("graph.json")
    for arguments in (["--help"], ["view", "--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        examples = re.findall(r"^  python -m autograd (.*?)(?:  .*)?$", capsys.readouterr().out, re.MULTILINE)
        assert len(examples) >= 4
        for example in examples:
            assert main(shlex.split(example.partition(" > ")[0])) == 0, example
    assert sorted(os.listdir(tmp_path)) == ["graph.json", "graph.svg", "page.html"]


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the documents are not here")
def test_the_document_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(console|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    shown = 0
    for language, block in blocks:
        if language == "python":
            exec(block, {})
            capsys.readouterr()
            continue
        command, expected = block.split("\n", 1)
        main(shlex.split(command.removeprefix("$ python -m autograd ")))
        assert "".join(capsys.readouterr()) == expected
        shown += 1
    assert shown >= 4
    options = set(re.findall(r"`(--[a-z]+)", text))
    with pytest.raises(SystemExit):
        main(["--help"])
    assert set(re.findall(r"^  (--[a-z]+)", capsys.readouterr().out, re.MULTILINE)) == options


def test_the_installed_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd.__main__ import run as command

    monkeypatch.setattr(sys, "argv", ["glassgrad", "w*2", "w=1"])
    assert command() == 0
    assert table(capsys.readouterr().out)["@1"] == ("w * 2", "2", "1")
    monkeypatch.setattr(sys, "argv", ["glassgrad", "--help"])
    with pytest.raises(SystemExit):
        command()
    assert 'glassgrad "tanh(w*x + b)" w=0.5 x=2 b=1' in capsys.readouterr().out
