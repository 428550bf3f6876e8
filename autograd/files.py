"""Writing files completely or not at all, whatever kind of file a name stands for.

All files that are saved are written here. Where possible, a regular file is replaced by a new one that has been
written completely, so that nobody finds half a file under its name; links, pipes, devices, modes and owners stay what
they are. The module does not know what the files contain.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TypeAlias

    AnyPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_MAX_LINKS = 40  # the longest chain of symbolic links that Linux follows
_DESCRIPTOR_FOLDERS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")  # of a process's open files, by number


def write_text(path: AnyPath, text: str) -> None:
    """Write a text file in UTF-8, all of it or nothing.

    - A file is replaced when all has been written to a file beside it; if anything stops that, the old file stays.
      Its mode is kept, and its owner.
    - A symbolic link stays: its target is written, or made.
    - What is not a regular file (a pipe, a terminal, ``/dev/null``, ``/dev/stdout``) is written to as it stands.
    - So is a regular file that no new file could replace: one with several names (hard links), somebody else's, or in a
      folder that takes no new file. If writing fails, the old content is written back.
    - A file that is read-only is refused, as by ``open``.

    Parameters
    ----------
    path : str, bytes or path
    text : str

    Raises
    ------
    TypeError
        If `text` is not a str, or `path` is not a path.
    ValueError
        If `path` cannot be the name of a file.
    OSError
        If the file cannot be written, in the subclass that ``open`` raises; the message names `path`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(os.path.join(folder, "a.txt"), "whole")
    ...     print(os.listdir(folder))
    ['a.txt']
    """
    if not isinstance(text, str):
        raise TypeError(f"write_text writes a str, not {type(text).__name__}")
    write_bytes(path, text.encode())


def write_bytes(path: AnyPath, data: bytes) -> None:
    """As `write_text`, for bytes."""
    name = os.fsdecode(path)
    try:
        fit = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        fit = False
    if not fit:
        raise ValueError(f"{shown(name)} cannot be a file's name: it has a character that names cannot have")
    try:
        _write(name, data)
    except OSError as error:
        raise _described_error(error, name) from None


def is_file(path: str) -> bool:
    """Whether a path names a regular file, or would once it is written: no folder, pipe or device, not /dev/stdout.

    Examples
    --------
    >>> is_file("not there.txt"), is_file(os.curdir), is_file(os.devnull)
    (True, False, False)
    """
    return _descriptor(list(_link_chain(path))) is None and (os.path.isfile(path) or not os.path.exists(path))


def shown(path: AnyPath) -> str:
    """A path in quotes, for a message; of a long path only the end.

    Examples
    --------
    >>> shown("a.txt"), len(shown("a" * 10_000))
    ("'a.txt'", 203)
    """
    name = os.fsdecode(path)
    return repr(name if len(name) <= 200 else f"…{name[-200:]}")


def _write(path: str, data: bytes) -> None:
    *_, target = chain = list(_link_chain(path))
    if not path:
        raise FileNotFoundError("a name cannot be empty")
    if os.path.isdir(path) or os.path.basename(target) in ("", os.curdir, os.pardir):
        raise IsADirectoryError("it names a folder; give the name of a file")
    descriptor = _descriptor(chain)
    if descriptor is not None:
        with os.fdopen(os.dup(descriptor), "wb") as stream:  # opened by its name, a file would be truncated
            stream.write(data)
        return
    try:
        handle = os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))  # without truncation: this changes nothing yet
    except FileNotFoundError:
        _replace(target, data, None)
        return
    with os.fdopen(handle, "wb") as file:
        old = os.fstat(handle)
        if not stat.S_ISREG(old.st_mode):
            file.write(data)
            return
    if not _replace(target, data, old):
        _overwrite(path, data)


def _link_chain(path: str) -> Iterator[str]:
    """A path, and where its symbolic links lead, one after the other.

    They are followed one by one, because ``os.path.realpath`` drops the slash that makes ``sub/`` a folder, and
    makes ``a`` of ``missing/../a``, which leads nowhere.
    """
    yield path
    for _ in range(_MAX_LINKS):
        try:
            link = os.readlink(path)
        except OSError:
            return
        path = os.path.join(os.path.dirname(path), link)
        yield path


def _descriptor(chain: list[str]) -> int | None:
    """The descriptor of the open file that a path leads to, as /dev/stdout does; None if it leads to none."""
    for step in chain:
        folder, number = os.path.split(step)
        if (
            number.isdecimal()
            and os.path.lexists(step)
            and os.path.realpath(folder) in map(os.path.realpath, _DESCRIPTOR_FOLDERS)
        ):
            return int(number)
    return None


def _replace(target: str, data: bytes, old: os.stat_result | None) -> bool:
    """Write a new file, and put it in the place of the old one, if any; False if no new file could replace that."""
    if old is not None and (old.st_nlink > 1 or not _leads_to(target, old)):
        return False
    # The name is not made from the target's, which may already be as long as names can be.
    temporary = os.path.join(os.path.dirname(target), f".glassgrad-{os.urandom(8).hex()}")
    mode = 0o666 if old is None else 0o600  # private, until it has the old file's owner and mode
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except PermissionError:
        if old is None:
            raise
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            if old is not None:
                if not _give_to_owner(handle, old):
                    return False
                os.chmod(temporary, stat.S_IMODE(old.st_mode))
            file.write(data)
            file.flush()
            os.fsync(handle)  # else, after a crash, the name may be on the disk without the content
        os.replace(temporary, target)
    except OSError as error:
        if error.errno == errno.EBUSY and old is not None:  # a mount point, as containers have for single files
            return False
        raise
    finally:
        with suppress(OSError):
            os.unlink(temporary)  # fails if it has become the target
    return True


def _leads_to(target: str, old: os.stat_result) -> bool:
    """Whether the path at the end of the links is that of the old file; links in /proc may show a path that is not."""
    try:
        return os.path.samestat(os.stat(target), old)
    except OSError:
        return False


def _give_to_owner(handle: int, old: os.stat_result) -> bool:
    """Give a new file the old one's owner and group; False if that is not allowed."""
    new = os.fstat(handle)
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return True
    try:
        os.chown(handle, old.st_uid, old.st_gid)
    except OSError:
        return False
    return True


def _overwrite(path: str, data: bytes) -> None:
    """Overwrite a file in place; if that fails, write its old content back."""
    with open(path, "r+b", buffering=0) as file:
        old = file.read()
        try:
            _put(file, data)
        except BaseException:
            _put(file, old)  # which is certain to fit
            raise


def _put(file: BinaryIO, data: bytes) -> None:
    file.seek(0)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
    os.fsync(file.fileno())


def _described_error(error: OSError, path: str) -> OSError:
    """The error with a sentence about the path that the caller gave, even if another file caused it."""
    *_, target = _link_chain(path)
    folder, name = os.path.split(target)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) and folder and not os.path.isdir(folder):
        link = "" if target == path else f", where the link {shown(path)} leads"
        sentence = f"there is no folder {shown(folder)} to write {shown(name)} to{link}"
    else:
        sentence = f"cannot write {shown(path)}: {error.strerror or error}"
    described = type(error)(sentence)
    described.errno = error.errno
    return described
