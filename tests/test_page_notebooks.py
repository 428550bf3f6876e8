"""The widget in JupyterLab and in marimo, each with a server, a kernel and a browser of its own.

A reader drags a leaf and selects a node, and the program reads it; the program computes, and the page follows.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .browser import chromium
from .processes import PACKAGES

PATIENCE = 180  # seconds, more than anything takes, even on a busy machine

MADE = """
from autograd import Value, view
w, x = Value(0.5, "w"), Value(2.0, "x")

def compute():
    loss = (w * x - 4) ** 2
    loss.label = "L"
    return loss
"""
SET = """
w.data = 1.5
page.update()
"""
TRAIN = """
for step in range(400):
    loss = compute()
    loss.backward()
    w.data, w.grad = w.data - 0.02 * w.grad, 0.0
    page.update(loss)
"""


@pytest.fixture(scope="module", autouse=True)
def needed() -> None:
    for package in ("anywidget", "jupyterlab", "marimo"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@contextmanager
def served(folder: Path, *command: str) -> Iterator[str]:
    """The address of a server, with its settings in this folder, too; the server is stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = [f"JUPYTER_{what}_DIR" for what in ("CONFIG", "DATA", "RUNTIME")]
    own += [f"JUPYTERLAB_{what}_DIR" for what in ("SETTINGS", "WORKSPACES")]
    own += ["IPYTHONDIR", *(f"XDG_{what}_HOME" for what in ("CONFIG", "STATE", "CACHE"))]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES), **{name: str(folder / name.lower()) for name in own}}
    log = folder / "server.txt"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}"],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")[-2000:]
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Notebook:
    """A reader of a notebook in which the widget is shown."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.frame = page.frame_locator("iframe[sandbox]")

    def until(self, what: str, holds: Callable[[], Any]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"never: {what}; w is {self.shown('w')}, L is {self.shown('L')}"
            self.page.wait_for_timeout(50)

    def card(self, name: str) -> Any:
        title = self.frame.get_by_text(f"\u2068{name}\u2069", exact=True)
        return self.frame.locator("#drawing .item").filter(has=title).first.locator(".value")

    def shown(self, name: str) -> float:
        return float(self.card(name).text_content().replace("−", "-"))

    def drag(self, name: str, pixels: int) -> None:
        """Drag a leaf's number; try once more if its card has moved away from the mouse."""
        before = self.shown(name)

        def dragged() -> bool:
            self.until(f"{name} stands still", self.still(name))
            box = self.card(name).bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            self.page.mouse.move(x, y)
            self.page.mouse.down()
            self.page.mouse.move(x + pixels, y, steps=10)
            self.page.mouse.up()
            return self.shown(name) != before

        self.until(f"{name} is dragged", dragged)

    def still(self, name: str) -> Callable[[], bool]:
        before: list[Any] = [None, None]

        def holds() -> bool:
            before[:] = [self.card(name).bounding_box(), before[0]]
            return before[0] is not None and before[0] == before[1] and before[0]["width"] > 4

        return holds


@pytest.fixture
def reader() -> Iterator[Callable[[str], Notebook]]:
    with chromium() as browser:

        def open_notebook(address: str) -> Notebook:
            page = browser.new_page(viewport={"width": 1280, "height": 1500})
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(address)
            return Notebook(page)

        yield open_notebook


def lived_through(notebook: Notebook, told: Callable[[], str], run: Callable[[str], None]) -> None:
    """What has to work in every notebook. `told` returns what the program prints about w and the selection."""
    notebook.frame.locator("html[data-ready]").wait_for(state="attached")
    notebook.until("the page is shown", lambda: (notebook.shown("w"), notebook.shown("L")) == (0.5, 9.0))

    def follows() -> bool:
        return told() == f"w is {notebook.shown('w')}, and w is selected"

    notebook.drag("w", 30)
    assert notebook.shown("w") > 0.5
    notebook.until("the program follows", follows)
    run("set")
    notebook.until("the page follows", lambda: (notebook.shown("w"), notebook.shown("L")) == (1.5, 1.0))
    notebook.drag("w", 20)  # the page goes on from there
    assert notebook.shown("w") > 1.5
    notebook.until("the program follows again", follows)
    run("train")
    notebook.until("the last step of the loop is shown", lambda: notebook.shown("w") == 2.0)
    notebook.until("and its loss", lambda: notebook.shown("L") < 1e-20)


RUN = """async (k) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = k;
  await window.jupyterapp.commands.execute("notebook:run-cell");
  return notebook.model.cells.get(k).outputs.toJSON();
}"""
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


def test_in_jupyterlab(reader: Callable[[str], Notebook], tmp_path: Path) -> None:
    cells = [
        f"{MADE}\npage = view.widget(compute())\npage",
        'print(f"w is {w.data}, and {page.selected and page.selected.label} is selected", end="")',
        SET,
        TRAIN,
    ]
    document = {
        "cells": [
            {"cell_type": "code", "id": f"c{k}", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
            for k, text in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "lesson.ipynb").write_text(json.dumps(document), encoding="utf-8")
    server = (
        "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=",
        "--expose-app-in-browser", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={tmp_path}",
    )  # fmt: skip
    with served(tmp_path, *server) as address:
        notebook = reader(f"{address}/doc/tree/lesson.ipynb")
        end = time.monotonic() + PATIENCE
        while not notebook.page.evaluate(IDLE):
            assert time.monotonic() < end, "there is no kernel"
            notebook.page.wait_for_timeout(50)

        def run(k: int) -> str:
            outputs = notebook.page.evaluate(RUN, k)
            assert all(output["output_type"] != "error" for output in outputs), outputs
            return "".join(output.get("text", "") for output in outputs)

        run(0)
        lived_through(notebook, lambda: run(1), lambda what: (run({"set": 2, "train": 3}[what]), None)[1])
        # The page has the theme of the notebook.
        root = notebook.frame.locator("html")
        notebook.until("it is light", lambda: root.get_attribute("data-theme") == "light")
        notebook.page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
        )
        notebook.until("it is dark", lambda: root.get_attribute("data-theme") == "dark")


MARIMO = """
import marimo

app = marimo.App()

@app.cell
def _():
    import marimo as mo
{made}
    page = mo.ui.anywidget(view.widget(compute()))
    page
    return compute, mo, page, w, x

@app.cell
def _(mo, page, w):
    page.value  # so that this cell runs whenever the page has said something
    mo.md(f"w is {{w.data}}, and {{page.selected and page.selected.label}} is selected")
    return

@app.cell
def _(compute, mo, page, w, x):
    def set_it(_):
{set}
    def train(_):
{train}
    set_button = mo.ui.button(label="set", on_click=set_it)
    train_button = mo.ui.button(label="train", on_click=train)
    mo.hstack([set_button, train_button])
    return set_button, train_button

if __name__ == "__main__":
    app.run()
"""


def test_in_marimo(reader: Callable[[str], Notebook], tmp_path: Path) -> None:
    def indented(text: str, by: int) -> str:
        return "".join(f"{' ' * by}{line}\n" for line in text.strip().splitlines())

    program = MARIMO.format(made=indented(MADE, 4), set=indented(SET, 8), train=indented(TRAIN, 8))
    (tmp_path / "lesson.py").write_text(program, encoding="utf-8")
    server = ("marimo", "--quiet", "run", "lesson.py", "--headless", "--no-token", "--host=127.0.0.1")
    with served(tmp_path, *server) as address:
        notebook = reader(address)
        said = notebook.page.get_by_text("is selected")
        lived_through(
            notebook,
            lambda: said.first.inner_text(),
            lambda what: notebook.page.get_by_role("button", name=what, exact=True).click(),
        )
