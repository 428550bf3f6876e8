"""Writing files so that nothing is ever lost: all or nothing."""

from __future__ import annotations

import os


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file under a temporary name and rename it, so that there is never half a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(os.path.join(folder, "a.txt"), "whole")
    ...     print(os.listdir(folder))
    ['a.txt']
    """
    write_bytes(path, text.encode())


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """As `write_text`, for what is no text."""
    import tempfile

    path = os.fspath(path)
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"there is no folder {folder!r} to write {os.path.basename(path)!r} to")
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp's files are private
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
