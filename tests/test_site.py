"""The built site in browsers: its pages open, their cells run, and nothing is requested from other sites.

The environment variable ``GLASSGRAD_SITE`` names the folder of a site that ``python -m docs`` has built. The module
that runs its cells, ``docs/_static/runner.py``, is tested without a browser as well.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import importlib
import importlib.util
import io
import json
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd import Graph, Value
from autograd.view import placing, rendering
from demos.classroom.course import Lesson, lessons
from demos.classroom.pictures import picture

from .browser import chromium, firefox
from .test_page_axe import AXE, violations

DOCS = Path(__file__).resolve().parent.parent / "docs"
SITE = Path(os.environ.get("GLASSGRAD_SITE") or "/nonexistent")
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}
PATIENCE = 120_000  # milliseconds: the machine may be busy
RUNS = "[...document.querySelectorAll('.bar .stop')].some((button) => !button.hidden)"
LIBRARIES = {"numpy", "matplotlib", "scipy", "sklearn", "jax", "torch"}

of_each = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the site, which is served on this machine."""
    if not (SITE / "index.html").exists():
        pytest.skip("no site is built: python -m docs, and GLASSGRAD_SITE=build/site/html")
    handler = functools.partial(_Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(site: str) -> Iterator[Any]:
    with chromium() as started:
        yield started


class Reader:
    """A reader of the site, in Chromium.

    Attributes
    ----------
    outside : list of str
        The addresses outside the site that pages requested; the requests are blocked.
    trouble : list of str
        Errors and warnings in the console, and exceptions that were not caught.
    """

    def __init__(self, browser: Any, site: str, **options: Any) -> None:
        self.site = site
        self.context = browser.new_context(**{"viewport": LAPTOP, "reduced_motion": "reduce", **options})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.outside: list[str] = []
        self.trouble: list[str] = []
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("console", self._note)
        self.context.route(lambda address: not address.startswith((site, "data:", "blob:")), self._refuse)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(message.text)

    def _refuse(self, route: Any) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def open(self, path: str) -> None:
        self.page.goto(f"{self.site}{path}")

    def lesson(self, name: str) -> None:
        """Open a lesson whose cells can be run."""
        self.open(f"course/{name}.html")
        self.page.wait_for_selector("html[data-cells]")

    def cell(self, number: int) -> Any:
        """A cell of the page, by its number from 1."""
        return self.page.locator("div.cell").filter(has=self.page.locator(".bar")).nth(number - 1)

    def press(self, number: int, label: str) -> None:
        """Press a button of a cell; one of code that is folded away is unfolded first."""
        cell = self.cell(number)
        cell.evaluate("(cell) => cell.querySelectorAll('details.hide').forEach((part) => { part.open = true; })")
        cell.locator(".bar").get_by_role("button", name=label, exact=True).click()

    def write(self, number: int, source: str) -> None:
        """Replace the source of a cell."""
        cell = self.cell(number)
        edit = cell.locator(".bar button").filter(has_text=re.compile("^(Edit|Write your answer)$"))
        if edit.is_visible():
            edit.click()
        cell.locator(".cm-content").fill(source)

    def run(self, number: int) -> None:
        """Run a cell, and wait until it has ended."""
        self.press(number, "Run")
        self.ended()

    def run_all(self) -> None:
        self.page.get_by_role("button", name="Run all").click()
        self.ended()

    def ended(self) -> None:
        self.page.wait_for_function(f"!({RUNS})", timeout=5 * PATIENCE)

    def output(self, number: int) -> str:
        """What a cell shows below its code."""
        return str(self.cell(number).locator(".cell_output").inner_text())

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def reader(browser: Any, site: str) -> Iterator[Reader]:
    made = Reader(browser, site)
    yield made
    made.close()


# --- pages ------------------------------------------------------------------------------------------------------------


def pages() -> list[str]:
    """The pages of the site, as addresses in it."""
    found = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    return [path for path in found if not path.startswith("_static/")]


def test_every_page_opens_on_a_phone_and_asks_nobody_else(browser: Any, site: str) -> None:
    reader = Reader(browser, site, viewport=PHONE)
    wrong = []
    for path in pages():
        reader.open(path)
        over = reader.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0 or reader.trouble or reader.outside:
            wrong.append((path, over, list(reader.trouble), list(reader.outside)))
        reader.trouble.clear()
        reader.outside.clear()
    reader.close()
    assert wrong == []


def shown() -> list[str]:
    """A page of each kind."""
    kinds = ["index.html", "course/index.html", "course/one_weight.html", "search.html?q=gradient"]
    for folder in ("guides", "reference", "inside"):
        kinds += [path for path in pages() if path.startswith(f"{folder}/") and path != f"{folder}/index.html"][:1]
    return kinds


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_axe_finds_nothing(browser: Any, site: str, size: dict[str, int], scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip(f"axe-core is not installed: npm install, or set AXE_CORE ({AXE} is not there)")
    found = []
    for path in shown():
        reader = Reader(browser, site, viewport=size, color_scheme=scheme)
        reader.open(path)
        reader.page.wait_for_load_state("networkidle")
        # Other tests check the interactive pages in frames, in all their states.
        reader.page.evaluate("document.querySelectorAll('iframe').forEach((frame) => frame.removeAttribute('srcdoc'))")
        found += [f"{path}: {violation}" for violation in violations(reader.page)]
        reader.close()
    assert found == []


def test_the_search_finds_pages_offline(reader: Reader) -> None:
    reader.open("search.html?q=nudging")
    reader.page.wait_for_selector("#search-results li a")
    assert reader.page.locator("#search-results li a", has_text="nudging").count() > 0
    assert reader.outside == []


def test_the_course_lists_its_lessons(reader: Reader) -> None:
    reader.open("course/index.html")
    titles = reader.page.locator("table.lessons td:nth-child(2)").all_inner_texts()
    assert titles == [lesson.title for lesson in lessons()]


@of_each
def test_a_lesson_can_be_downloaded(site: str, browser: Any, lesson: Lesson) -> None:
    reader = Reader(browser, site)
    reader.open(f"course/{lesson.name}.html")
    for name in ("Notebook", "Script"):
        with reader.page.expect_download() as download:
            reader.page.locator(".downloads a", has_text=name).click()
        text = download.value.path().read_text(encoding="utf-8")
        if name == "Script":
            assert text == lesson.path.read_text(encoding="utf-8")
        else:
            first = json.loads(text)["cells"][0]
            assert first["cell_type"] == "markdown"
            assert first["source"][0].replace("`", "") == f"# {lesson.number}. {lesson.title}\n"
    reader.close()


def test_frames_are_light_or_dark_as_the_site_is(reader: Reader) -> None:
    reader.open("course/one_weight.html")
    frame = reader.page.locator("iframe").first.element_handle().content_frame()
    frame.wait_for_selector("html[data-theme=light][data-ready]", state="attached")
    reader.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    frame.wait_for_selector("html[data-theme=dark]", state="attached")


# --- cells ------------------------------------------------------------------------------------------------------------


@of_each
def test_a_lesson_runs_in_the_page(reader: Reader, lesson: Lesson) -> None:
    """All its cells run, except those that need libraries; its predictions and its exercises are checked."""
    reader.lesson(lesson.name)
    reader.run_all()
    lacking = set(
        reader.page.eval_on_selector_all(".offer[data-module]", "(all) => all.map((offer) => offer.dataset.module)")
    )
    assert lacking <= LIBRARIES
    assert reader.page.locator(".traceback").all_inner_texts() == []
    assert lacking or reader.page.locator(".bar .status", has_text=" s").count() > 0

    for form in reader.page.locator("form.predict").all():
        if form.locator("input").count():
            form.locator("input").fill(form.locator("input").get_attribute("data-answer"))
            form.get_by_role("button", name="Predict").click()
        else:
            form.locator("button[data-right='1']").click()
        assert form.locator("output").inner_text() == "Right."

    answers = importlib.import_module(f"demos.classroom.exercises.{lesson.name}").ANSWERS
    places = reader.page.eval_on_selector_all(
        "div.cell:has(.bar)", "(all) => all.map((cell) => cell.matches('.tag_exercise'))"
    )
    exercises = [number for number, is_exercise in enumerate(places, 1) if is_exercise]
    assert len(exercises) == len(answers)
    for number, key in zip(exercises, answers):
        reader.write(
            number,
            f"from demos import check\nfrom demos.classroom.exercises.{lesson.name} import ANSWERS\n\n"
            f"check({f'{lesson.name}.{key}'!r}, ANSWERS[{key!r}])",
        )
        reader.run(number)
        cell = reader.cell(number)
        assert cell.locator(".offer").count() or "Right." in reader.output(number), reader.output(number)
    assert reader.outside == []
    assert [text for text in reader.trouble if "fatal error" not in text and "call stack" not in text] == []


def test_a_run_keeps_what_the_reader_has_done(reader: Reader) -> None:
    """Output that is the same as before stays in place; other output is replaced, and Reset restores it."""
    reader.lesson("one_weight")
    form = reader.page.locator("form.predict").first
    form.locator("input").fill("-12")
    form.locator("input").press("Enter")
    reader.run_all()
    assert form.locator("output").inner_text() == "Right."

    built = reader.output(1)
    reader.write(1, "w = 7\nprint('seven', w)\nw")
    reader.run(1)
    assert reader.output(1).split() == ["seven", "7", "7"]
    reader.press(1, "Reset")
    assert reader.output(1) == built
    assert reader.cell(1).locator(".cm-editor").count() == 0


def test_what_changed_above_runs_first(reader: Reader) -> None:
    reader.lesson("nudging")
    reader.run(2)
    reader.write(1, "def f(x):\n    return 100 * x\n\n\nprint('another f')")
    reader.write(2, "print(f(3))")
    reader.run(2)
    assert "another f" in reader.output(1)
    assert reader.output(2).strip() == "300"


def test_stop_ends_a_loop(reader: Reader) -> None:
    reader.lesson("nudging")
    built = reader.output(1)
    reader.write(1, "print('begins')\nwhile True:\n    print(end='.')")
    reader.press(1, "Run")
    reader.page.wait_for_selector(".live >> text=begins")
    reader.press(1, "Stop")
    assert "Stopped." in reader.output(1)
    reader.press(1, "Reset")
    reader.run(1)
    assert reader.output(1) == built


def test_a_traceback_names_its_cell(reader: Reader) -> None:
    reader.lesson("nudging")
    reader.write(2, "a = 1\na / 0")
    reader.run(3)
    assert 'File "cell 2", line 2' in reader.output(2)
    assert "ZeroDivisionError" in reader.output(2)
    assert "pyodide" not in reader.output(2)
    assert reader.cell(3).locator(".status").inner_text() == "not run: see cell 2"
    reader.write(2, "a = (1")
    reader.run(2)
    assert 'File "cell 2", line 1' in reader.output(2) and "SyntaxError" in reader.output(2)


def test_python_that_breaks_down_is_started_again(reader: Reader) -> None:
    """A long chain of objects is freed recursively, for which a browser's stack is too small."""
    reader.lesson("nudging")
    reader.write(1, "x = ()\nfor _ in range(100_000):\n    x = (x,)\ndel x")
    reader.run(1)
    assert "Python breaks down over this cell" in reader.output(1)
    reader.write(2, "print('on it goes')")
    reader.run(2)
    assert reader.output(2).strip() == "on it goes"
    reader.write(2, "class A:\n    def __repr__(self):\n        return repr(self)\n\n\nrepr(A())")
    reader.run(2)
    assert "RecursionError" in reader.output(2)


def test_what_was_written_is_there_when_the_page_is_opened_again(reader: Reader) -> None:
    reader.lesson("nudging")
    reader.write(1, "print('mine')")
    reader.lesson("nudging")
    reader.page.wait_for_selector(".cm-content >> text=mine")
    reader.press(1, "Reset")
    reader.lesson("nudging")
    assert reader.page.locator(".cm-content").count() == 0


def test_keys_in_the_editor_are_the_editor_s(reader: Reader) -> None:
    reader.lesson("nudging")
    reader.write(1, "x = 6")
    reader.page.keyboard.press("Control+End")
    reader.page.keyboard.type(" / 2\nprint(x)")
    assert not reader.page.locator("dialog#pst-search-dialog").is_visible()
    reader.page.keyboard.press("Shift+Enter")
    reader.page.wait_for_selector(".live >> text=3.0")


def test_libraries_are_loaded_when_the_reader_says_so(reader: Reader) -> None:
    """Before that, nothing is requested from elsewhere; if loading fails, a message says so, and built output stays."""
    reader.lesson("one_weight")
    number = reader.page.locator("div.cell:has(.bar)").count() - 3
    built = reader.page.locator("figure.figure").inner_html()
    reader.run(number)
    assert "This cell needs matplotlib." in reader.output(number)
    assert reader.page.locator("figure.figure").inner_html() == built
    assert reader.outside == []
    reader.page.get_by_role("button", name="Load matplotlib and run").click()
    reader.page.wait_for_selector(".offer .failed")
    assert any("matplotlib" in address for address in reader.outside)
    assert reader.page.locator("figure.figure").inner_html() == built
    reader.trouble.clear()  # the console reports the failed loading


def test_cells_that_build_on_one_that_lacks_a_library_say_so(reader: Reader) -> None:
    """Unchanged cells keep the built output, and offer to load the library; the reader's own code shows an error."""
    reader.lesson("nudging")
    reader.write(1, "import numpy\n\n\ndef f(x):\n    return numpy.square(x)")
    built = reader.output(2)
    reader.run(2)
    assert "This cell builds on cell 1, which needs numpy." in reader.output(2)
    assert built in reader.output(2)
    reader.write(2, "f(2)")
    reader.run(2)
    assert "NameError" in reader.output(2) and "Cell 1 has not run, because it needs numpy." in reader.output(2)
    assert reader.outside == []


def test_a_library_is_loaded_and_used(reader: Reader) -> None:
    """A library of a few lines takes the place of a large one."""
    wheel = tiny_wheel("numpy", "answer = 42\n")
    library = {
        "name": "numpy", "version": "1", "file_name": "numpy-1-py3-none-any.whl", "install_dir": "site",
        "sha256": hashlib.sha256(wheel).hexdigest(), "package_type": "package", "imports": ["numpy"], "depends": [],
        "unvendored_tests": False, "tool": {}, "bytes": 3_000_000,
    }  # fmt: skip
    lock = json.loads((SITE / "_static" / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    lock["packages"] = {"numpy": library}
    reader.context.route("**/pyodide-lock.json", lambda route: route.fulfill(json=lock))
    reader.context.route("**/numpy-1-py3-none-any.whl", lambda route: route.fulfill(body=wheel))
    reader.lesson("nudging")
    reader.write(1, "import numpy\n\nprint(numpy.answer)")
    reader.run(1)
    assert "3 MB from this site" in reader.output(1)
    reader.page.get_by_role("button", name="Load numpy and run").click()
    reader.page.wait_for_selector(".live >> text=42")
    assert reader.outside == []


def tiny_wheel(name: str, source: str) -> bytes:
    """A wheel of one module."""
    file = io.BytesIO()
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}/__init__.py", source)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file.getvalue()


def test_a_graph_is_drawn_without_graphviz(reader: Reader) -> None:
    reader.lesson("one_weight")
    reader.write(
        1,
        "from autograd import Graph, Value\nfrom demos import show\n\n"
        "show(Graph(Value(2.0, 'a') * Value(3.0, 'b')), 'A product.')",
    )
    reader.run(1)
    frame = reader.cell(1).locator("iframe").element_handle().content_frame()
    frame.wait_for_selector("html[data-ready]", state="attached")
    assert "A product." in reader.output(1)


@pytest.mark.parametrize("name", ["nudging", "one_weight", "credit"])
def test_lessons_run_in_firefox(site: str, name: str) -> None:
    with firefox() as reader:
        reader.open(f"{site}course/{name}.html")
        reader.until("document.documentElement.dataset.cells === ''")
        reader.evaluate("[...document.querySelectorAll('.runnable button')][0].click()")
        reader.until(RUNS)
        reader.until(f"!({RUNS})")
        assert reader.evaluate("document.querySelectorAll('.traceback').length") == 0
        assert reader.evaluate("document.querySelector('.bar .status').textContent.endsWith(' s')")
        assert all(address.startswith((site, "data:", "blob:", "about:")) for address in reader.requests)
        assert reader.trouble == []


# --- what runs the cells, and what makes them ------------------------------------------------------------------------


def runner() -> Any:
    """The module ``docs/_static/runner.py``, which is in no package."""
    spec = importlib.util.spec_from_file_location("runner", DOCS / "_static" / "runner.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Told(list[tuple[str, str]]):
    """A list of the outputs of a cell, each with its kind."""

    def __call__(self, kind: str, text: str) -> None:
        self.append((kind, text))

    def text(self, kind: str = "text") -> str:
        return "".join(text for other, text in self if other == kind)


def test_cells_share_a_module_and_the_last_expression_is_shown() -> None:
    page, told = runner().Page(), Told()
    assert page.run(1, "class A:\n    pass\n\n\nx = 2", told) == ("done", "")
    source = "import pickle\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)\nx + 1"
    assert page.run(2, source, told) == ("done", "")
    assert told.text() == "A\n3\n"


def test_what_is_shown_comes_in_order_and_values_in_their_richest_form() -> None:
    page, told = runner().Page(), Told()
    source = "from demos import check, table\nprint('before')\ntable(['a'], [(1,)])\nprint('after')\n"
    assert page.run(1, source + "check('one_weight.rate', None)", told) == ("done", "")
    kinds = [kind for kind, _ in told]
    assert kinds == ["text", "html", "text", "html"]
    assert "Not answered yet." in told[-1][1]
    told.clear()
    page.run(2, "from autograd import Value\nfrom autograd.view import explore\nexplore(Value(1.0), open=False)", told)
    assert [kind for kind, _ in told] == ["html"] and told[0][1].startswith("<iframe ")


def test_errors_are_told_in_the_reader_s_cells_only() -> None:
    page, told = runner().Page(), Told()
    assert page.run(4, "from autograd import Value\n\n\ndef f(x):\n    return x + 'a'\n", told) == ("done", "")
    assert page.run(5, "f(Value(1.0))", told) == ("error", "")
    error = told.text("error")
    assert re.findall(r'File "([^"]+)", line (\d+)', error) == [("cell 5", "1"), ("cell 4", "5")]
    assert "return x + 'a'" in error and error.splitlines()[-1].startswith("TypeError: ")
    told.clear()
    source = "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no') from error"
    assert page.run(6, source, told) == ("error", "")
    assert told.text("error").count('File "cell 6"') == 2
    assert page.run(7, "import nowhere.near", told) == ("missing", "nowhere")
    assert page.run(8, "raise SystemExit", told) == ("error", "")


def test_endless_output_is_cut() -> None:
    module = runner()
    page, told = module.Page(), Told()
    assert page.run(1, "for i in range(40_000):\n    print('many words')", told) == ("done", "")
    assert len(told.text()) < module.LIMIT + 100
    assert told.text().endswith("too much of it.]\n")
    assert len(told) < 1000, "what is printed fast is told together"


def test_a_graph_is_shown_as_a_page_where_there_is_no_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*args: object) -> bytes:
        raise rendering.GraphvizMissing("there is none")

    monkeypatch.setattr(rendering, "render", nothing)
    monkeypatch.setattr(placing, "render", nothing)
    shown = picture(Graph(Value(2.0, "a") * Value(3.0, "b")))
    assert shown.kind == "page"
    assert shown.html.startswith("<iframe ")


def test_questions_are_cells_of_their_own() -> None:
    for name in ("nbformat", "sphinx"):
        pytest.importorskip(name, reason=f"{name}, of the extra docs, is not installed")
    from docs._ext.lessons import notebook, split

    source = "x = 1\n\n# a question\npredict(\n    'x?',\n    x,\n)\n\ny = 2"
    assert split(source) == [
        ("x = 1\n\n# a question", []),
        ("predict(\n    'x?',\n    x,\n)", ["hide-input", "question"]),
        ("y = 2", []),
    ]
    for lesson in lessons():
        made = notebook(lesson)
        code = "\n".join(cell["source"] for cell in made["cells"] if cell["cell_type"] == "code")
        given = "\n".join(cell.text for cell in lesson.cells if cell.kind == "code")
        assert [line for line in code.splitlines() if line] == [line for line in given.splitlines() if line]
