"""Writing files: completely or not at all, and never another file than the named one; and what is distributed."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import nn
from autograd import Graph, Value, write_text
from autograd.files import is_file, write_bytes
from autograd.view import explore

resource = pytest.importorskip("resource", reason="links, pipes, modes and owners are POSIX's")

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; at the end it must have no temporary files left."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


@contextmanager
def nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Limit the size of files to so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def graph() -> Graph:
    return Graph(Value(2.0, "x") * 3)


WRITERS: dict[str, Callable[[str], object]] = {
    "write_text": lambda path: write_text(path, "new"),
    "write_bytes": lambda path: write_bytes(path, b"new"),
    "Module.save": lambda path: nn.Neuron(2).save(path),
    "Graph.save": lambda path: graph().save(path),
    "explore": lambda path: explore(graph(), path, open=False),
}


# --- what a name stands for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_stays_and_its_target_is_written(writer: str) -> None:
    Path("target").write_text("old")
    os.symlink("target", "link")
    WRITERS[writer]("link")
    assert os.readlink("link") == "target" and not os.path.islink("target")
    assert Path("target").read_text() != "old" and sorted(os.listdir()) == ["link", "target"]


@pytest.mark.parametrize("there", [True, False])
def test_links_lead_from_folder_to_folder(here: Path, there: bool) -> None:
    os.makedirs("a/b")
    os.makedirs("c/d")
    os.symlink("a/b", "short")
    os.symlink("../../c/second", "a/b/first")
    os.symlink(here / "c" / "d" / "third", "c/second")
    os.symlink("../../target", "c/d/third")
    if there:
        Path("target").write_text("old")
    write_text("short/first", "new")
    assert Path("target").read_text() == "new"
    assert all(os.path.islink(path) for path in ("a/b/first", "c/second", "c/d/third"))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_pipe_stays_and_its_reader_gets_all(writer: str) -> None:
    os.mkfifo("pipe")
    os.symlink("pipe", "link")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()), daemon=True)
    reader.start()
    WRITERS[writer]("link")
    reader.join(60.0)
    assert stat.S_ISFIFO(os.stat("pipe").st_mode) and len(read[0]) > 2


def test_a_device_stays(here: Path) -> None:
    os.symlink(os.devnull, "link")
    for path in (os.devnull, "link"):
        write_text(path, "new")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode) and os.path.islink("link")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
def test_a_device_that_is_full_says_so() -> None:
    with pytest.raises(OSError, match=r"^cannot write '/dev/full': No space left on device$") as caught:
        write_text("/dev/full", "new")
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="there is none")
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "link"])
@pytest.mark.parametrize("output", ["file", "pipe"])
def test_standard_output_is_written_where_it_stands(path: str, output: str) -> None:
    os.symlink("/dev/stdout", "link")
    program = (
        "import os; from autograd import write_text; os.write(1, b'first ');"
        f"write_text({path!r}, 'new '); os.write(1, b'last')"
    )
    home = os.path.dirname(os.path.dirname(os.path.abspath(sys.modules["autograd"].__file__ or "")))
    run = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": home}
    if output == "pipe":
        written = subprocess.run(run[0], env=run[1], capture_output=True, check=True).stdout
    else:
        Path("log").write_text("old ")
        with open("log", "ab") as log:
            subprocess.run(run[0], env=run[1], stdout=log, check=True)
        written = Path("log").read_bytes().removeprefix(b"old ")
        assert Path("log").read_bytes().startswith(b"old ")
    assert written == b"first new last"


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="Linux has it")
def test_a_file_without_a_name_is_written_where_it_stands() -> None:
    """A deleted file that another process has open: the link in /proc does not lead to a path."""
    with open("gone", "w+") as file:
        os.unlink("gone")
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=file)
        try:
            write_text(f"/proc/{child.pid}/fd/1", "new")
            assert file.read() == "new" and os.listdir() == []
        finally:
            child.communicate(b"\n")


def test_all_names_of_a_file_stay_its_names() -> None:
    Path("one").write_text("old and longer")
    os.link("one", "two")
    write_text("one", "new")
    assert Path("two").read_text() == "new" and os.path.samefile("one", "two")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o755, 0o666])
def test_a_file_keeps_its_mode(mode: int) -> None:
    Path("file").write_text("old")
    os.chmod("file", mode)
    write_text("file", "new")
    assert stat.S_IMODE(os.stat("file").st_mode) == mode and Path("file").read_text() == "new"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_any_new_file(mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text("file", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("file").st_mode) == mode


@as_root
def test_a_file_keeps_its_owner() -> None:
    Path("file").write_text("old")
    os.chown("file", 1234, 77)
    os.chmod("file", 0o604)
    write_text("file", "new")
    found = os.stat("file")
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 77, 0o604)


@as_root
@pytest.mark.parametrize("shared", [0o777, 0o755], ids=["in a folder for all", "in a folder of theirs"])
def test_somebody_else_s_file_is_written_where_it_stands(here: Path, shared: int) -> None:
    os.makedirs("shared")
    Path("shared/file").write_text("old")
    os.chmod("shared/file", 0o666)
    os.chmod("shared", shared)
    os.chdir("shared")  # the other user may not have access to the folders above
    with nobody():
        write_text("file", "new")
    assert os.stat("file").st_uid == 0 and Path("file").read_text() == "new" and os.listdir() == ["file"]


def test_a_file_that_something_is_mounted_on_is_written_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(os, "replace", busy)
    Path("file").write_text("old")
    write_text("file", "new")
    assert Path("file").read_text() == "new"
    with pytest.raises(OSError, match=r"^cannot write 'another': Device or resource busy$"):
        write_text("another", "new")
    assert os.listdir() == ["file"]


@pytest.mark.parametrize("convert", [str, os.fsencode, Path], ids=["str", "bytes", "Path"])
def test_paths_of_any_kind(convert: Callable[[str], str | bytes | Path]) -> None:
    write_text(convert("ü"), "new")
    assert Path("ü").read_text() == "new" and os.listdir() == ["ü"]
    assert explore(graph(), convert("ü"), open=False).path == "ü"


def test_names_may_be_as_long_as_names_can_be() -> None:
    name = "n" * 250 + ".html"
    for _ in range(2):
        explore(graph(), name, open=False)
    assert os.listdir() == [name]


# --- what cannot be written ---------------------------------------------------------------------------------------


FOLDER = "it names a folder; give the name of a file"
REFUSED: dict[str, tuple[type[Exception], str]] = {
    "": (FileNotFoundError, "cannot write '': a name cannot be empty"),
    ".": (IsADirectoryError, f"cannot write '.': {FOLDER}"),
    "..": (IsADirectoryError, f"cannot write '..': {FOLDER}"),
    "/": (IsADirectoryError, f"cannot write '/': {FOLDER}"),
    "sub": (IsADirectoryError, f"cannot write 'sub': {FOLDER}"),
    "sub/": (IsADirectoryError, f"cannot write 'sub/': {FOLDER}"),
    "missing/": (IsADirectoryError, f"cannot write 'missing/': {FOLDER}"),
    "missing/.": (IsADirectoryError, f"cannot write 'missing/.': {FOLDER}"),
    "file/": (IsADirectoryError, f"cannot write 'file/': {FOLDER}"),
    "to folder": (IsADirectoryError, f"cannot write 'to folder': {FOLDER}"),
    "to missing folder": (IsADirectoryError, f"cannot write 'to missing folder': {FOLDER}"),
    "missing/a": (FileNotFoundError, "there is no folder 'missing' to write 'a' to"),
    "missing/../a": (FileNotFoundError, "there is no folder 'missing/..' to write 'a' to"),
    "file/a": (NotADirectoryError, "there is no folder 'file' to write 'a' to"),
    "dangling": (FileNotFoundError, "there is no folder 'no/where' to write 'a' to, where the link 'dangling' leads"),
    "loop": (OSError, "cannot write 'loop': Too many levels of symbolic links"),
    "loop/a": (OSError, "cannot write 'loop/a': Too many levels of symbolic links"),
    "n" * 256: (OSError, f"cannot write '…{'n' * 200}': File name too long"),
    "a\0b": (ValueError, r"'a\x00b' cannot be a file's name: it has a character that names cannot have"),
    "a\ud800": (ValueError, r"'a\ud800' cannot be a file's name: it has a character that names cannot have"),
}


@pytest.fixture
def crowd(here: Path) -> Path:
    """A folder with things of all kinds in it."""
    os.mkdir("sub")
    Path("file").write_text("old")
    os.symlink("sub", "to folder")
    os.symlink("no/", "to missing folder")
    os.symlink("no/where/a", "dangling")
    os.symlink("pool", "loop")
    os.symlink("loop", "pool")
    return here


@pytest.mark.parametrize("path", REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_written_is_said_in_a_sentence_about_the_name(crowd: Path, path: str) -> None:
    before = sorted(os.listdir())
    kind, sentence = REFUSED[path]
    for writer in WRITERS.values():
        with pytest.raises(kind) as caught:
            writer(path)
        assert str(caught.value) == sentence
    assert sorted(os.listdir()) == before and os.listdir("sub") == [] and Path("file").read_text() == "old"


@pytest.mark.parametrize("path", [None, 1, 1.5, ["a"]])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(TypeError, match=r"expected str, bytes or os.PathLike object, not "):
        write_text(path, "new")  # type: ignore[arg-type]


def test_what_is_no_text() -> None:
    Path("file").write_text("old")
    with pytest.raises(TypeError, match=r"^write_text writes a str, not bytes$"):
        write_text("file", b"new")  # type: ignore[arg-type]
    assert Path("file").read_text() == "old"


@as_root
def test_a_file_or_a_folder_that_may_not_be_written(here: Path) -> None:
    os.makedirs("closed")
    Path("closed/file").write_text("old")
    os.chmod("closed/file", 0o444)
    os.chown("closed/file", NOBODY, NOBODY)
    os.chdir("closed")
    with nobody():
        for name in ("file", "new"):
            with pytest.raises(PermissionError, match=f"^cannot write '{name}': Permission denied$"):
                write_text(name, "new")
    assert Path("file").read_text() == "old" and os.listdir() == ["file"]


@pytest.mark.parametrize("links", [1, 2])
def test_a_full_disk_leaves_the_old_file(links: int) -> None:
    old = "old " * 1_000
    Path("file").write_text(old)
    if links == 2:
        os.link("file", "link")
    with full_disk(20_000), pytest.raises(OSError, match=r"^cannot write 'file': File too large$"):
        write_text("file", "new " * 100_000)
    assert Path("file").read_text() == old and len(os.listdir()) == links


def test_a_full_disk_leaves_no_new_file() -> None:
    with full_disk(10), pytest.raises(OSError, match=r"^cannot write 'file': File too large$"):
        write_text("file", "new " * 1_000)
    assert os.listdir() == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("links", [1, 2])
def test_ctrl_c_leaves_the_old_file(step: str, links: int, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("old")
    if links == 2:
        os.link("file", "link")
        step = "fsync"
    calls = []

    def interrupted(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text("file", "new and longer")
    assert Path("file").read_text() == "old" and len(os.listdir()) == links


def test_the_content_is_on_the_disk_before_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def noted(step: str, real: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            steps.append(step)
            real(*arguments)

        return call

    for step in ("fsync", "replace"):
        monkeypatch.setattr(os, step, noted(step, getattr(os, step)))
    write_text("file", "new")
    assert steps == ["fsync", "replace"]


def test_what_was_secret_is_secret_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = os.open

    def noted(path: str, *arguments: int) -> int:
        handle = real(path, *arguments)
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return handle

    Path("file").write_text("old")
    os.chmod("file", 0o600)
    monkeypatch.setattr(os, "open", noted)
    write_text("file", "new")
    assert seen == [0o600, 0o600]  # the old file, and the new one from its creation on


def test_what_is_a_file(crowd: Path) -> None:
    os.mkfifo("pipe")
    os.symlink("file", "to file")
    found = {path: is_file(path) for path in ("file", "to file", "new", "dangling", "sub", "to folder", "pipe")}
    assert [path for path, is_one in found.items() if not is_one] == ["sub", "to folder", "pipe"]
    assert not is_file(os.devnull) and not is_file("/dev/fd/0")


# --- what is distributed ------------------------------------------------------------------------------------------


def test_the_source_distribution_has_all_that_is_tracked() -> None:
    """Except files whose names begin with a dot, which neither the packages nor their tests use."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        pytest.skip("this is no checkout of git")
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    tracked = [path for path in listed.splitlines() if not path.startswith(".")]
    named: dict[str, set[str]] = {}
    for line in (root / "MANIFEST.in").read_text(encoding="utf-8").splitlines():
        command, *words = line.split() or [""]
        named.setdefault(command, set()).update(words)
    files, folders = named["include"], named["graft"]
    assert [path for path in tracked if path not in files and path.partition("/")[0] not in folders] == []
