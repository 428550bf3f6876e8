"""What holds for every lesson, and for the answers to its exercises, right and wrong."""

from __future__ import annotations

import ast
import importlib
import re
from typing import Any

import pytest

from demos import check
from demos.classroom.checking import Wrong, exercise
from demos.classroom.course import Lesson, lessons

from .running import transcript

LESSONS = lessons()
NAMES = [lesson.name for lesson in LESSONS]

of_each = pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)


def calls(lesson: Lesson, name: str) -> list[ast.Call]:
    """The calls of a function in the lesson."""
    tree = ast.parse(lesson.path.read_text(encoding="utf-8"))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def exercises(lesson: Lesson) -> list[str]:
    """The names of its exercises, as the lesson has them."""
    return [ast.literal_eval(call.args[0]) for call in calls(lesson, "check")]


def test_lessons_are_numbered_without_gaps() -> None:
    assert [lesson.number for lesson in LESSONS] == list(range(1, len(LESSONS) + 1))
    assert len(set(NAMES)) == len(NAMES)


@of_each
def test_a_lesson_has_all_its_parts(lesson: Lesson) -> None:
    first, *_, last = lesson.cells
    heading, blank, idea, *_ = first.text.splitlines()
    assert heading.startswith(f"# {lesson.number}. ") and not blank and idea.startswith("*One idea: ")
    assert calls(lesson, "predict") and calls(lesson, "show")
    assert len(exercises(lesson)) == 2
    assert last.kind == "markdown"
    following = f"Next, lesson {lesson.number + 1}: " if lesson.number < 28 else "That was "
    assert last.text.splitlines()[0].startswith(following) or "\n" + following in last.text


@of_each
def test_a_lesson_fits_a_terminal_of_80_columns(lesson: Lesson) -> None:
    for line in transcript(lesson.name).splitlines():
        assert len(line.rstrip()) <= 80 or line.startswith(("[page: ", "[figure: ", "[drawing: ")), line


@of_each
def test_cells_are_those_that_jupytext_reads(lesson: Lesson) -> None:
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    theirs = jupytext.read(lesson.path, fmt="py:percent").cells
    assert [(cell.cell_type, cell.source) for cell in theirs] == [(cell.kind, cell.text) for cell in lesson.cells]


@of_each
def test_right_answers_pass_and_none_else_are_kept(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"demos.classroom.exercises.{lesson.name}")
    assert [f"{lesson.name}.{key}" for key in module.ANSWERS] == exercises(lesson)
    for key, answer in module.ANSWERS.items():
        assert check(f"{lesson.name}.{key}", answer), capsys.readouterr().out
    assert callable(list(module.ANSWERS.values())[1]), "the second exercise is code"


def wrong_answers() -> list[Any]:
    """The wrong answers to each exercise, at least three, with a word of the message for each."""
    found = []
    for lesson in LESSONS:
        wrong = importlib.import_module(f"tests.lessons.test_{lesson.name}").WRONG
        for name in exercises(lesson):
            answers = wrong[name.partition(".")[2]]
            assert len(answers) >= 3, name
            found += [pytest.param(name, answer, words, id=f"{name}-{words}") for answer, words in answers]
    return found


@pytest.mark.parametrize("name, answer, words", wrong_answers())
def test_wrong_answers_are_helped(name: str, answer: object, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Wrong) as wrong:
        exercise(name)(answer)
    assert words in str(wrong.value)
    assert re.search(r"[.?)]$", str(wrong.value)), "it is a sentence"
    assert not check(name, answer)


@of_each
def test_what_is_no_answer_is_open(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    def stub(*args: object) -> None: ...

    for name in exercises(lesson):
        for nothing in (None, ..., stub):
            assert not check(name, nothing)
            assert "Not answered yet." in capsys.readouterr().out


@of_each
def test_junk_is_refused_with_a_sentence(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    for name in exercises(lesson):
        for junk in ("?", [], object(), lambda: 0):
            assert not check(name, junk)
            assert "raised AttributeError" not in capsys.readouterr().out
