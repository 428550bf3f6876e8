"""Files of parameters: plain JSON, which can be read without glassgrad and runs nothing when it is loaded.

A file is an object with ``format``, ``version``, ``metadata`` and ``parameters``, the last a module's
``state_dict``. Python writes a float with as many digits as it takes to read the same float back. `Module` checks
whether the parameters fit.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = "glassgrad-parameters"
VERSION = 1


def save_file(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    state: dict[str, Any],
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write a state to a file, all or nothing, as `autograd.write_text` does.

    Parameters
    ----------
    path : str, bytes or path
    state : dict
        Numbers in nested dicts and lists, such as ``model.state_dict()``.
    metadata : dict, optional
        What else the file should say, as JSON can hold it.

    Raises
    ------
    TypeError
        If the metadata are not a dict.
    ValueError
        If the metadata or the state cannot be written as JSON.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "state.json")
    ...     save_file(path, {"w": [0.5, -0.5]}, {"epoch": 3})
    ...     load_file(path)
    ({'w': [0.5, -0.5]}, {'epoch': 3})
    """
    import json

    from autograd import write_text

    if not isinstance(metadata, (dict, type(None))):
        raise TypeError(f"metadata must be a dict, not {type(metadata).__name__}")
    document = {"format": FORMAT, "version": VERSION, "metadata": metadata or {}, "parameters": state}
    try:
        text = json.dumps(document, indent=1, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"the metadata or the state cannot be written as JSON, so nothing was saved: {error}"
        ) from None
    write_text(path, text + "\n")


def load_file(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a file that `Module.save` wrote.

    Parameters
    ----------
    path : str, bytes or path

    Returns
    -------
    state : dict
        For ``load_state_dict``.
    metadata : dict

    Raises
    ------
    OSError
        If the file cannot be read; a FileNotFoundError if there is none.
    ValueError
        If it is not a file of parameters, or damaged, or of another version.

    Examples
    --------
    >>> import nn, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "neuron.json")
    ...     nn.Neuron(1, init="zeros").save(path, {"task": "none"})
    ...     nn.load_file(path)
    ({'w': [0.0], 'b': 0.0}, {'task': 'none'})
    """
    document = read_document(path, FORMAT, VERSION, "a file of parameters")
    state, metadata = document.get("parameters"), document.get("metadata")
    if not isinstance(state, dict) or not isinstance(metadata, dict):
        raise ValueError(f'{os.fsdecode(path)!r} is damaged: its "parameters" and "metadata" must be objects')
    return state, metadata


def read_document(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes], form: str, version: int, what: str
) -> dict[str, Any]:
    """Read a file that is a JSON object with this ``format`` and ``version``.

    Parameters
    ----------
    path : path-like
    form, version : str, int
    what : str
        What a message says that the file is not.

    Raises
    ------
    OSError
        If the file cannot be read; a FileNotFoundError if there is none.
    ValueError
        If it is something else, or damaged, or of another version.
    """
    import json

    shown = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {shown!r}") from None
    except OSError as error:
        raise type(error)(f"cannot read {shown!r}: {error.strerror or error}") from None
    try:
        document = json.loads(content.decode())
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{shown!r} is not JSON, or it is damaged: {error}. What PyTorch saved is read by torch.load(); give what "
            "that returns to load_state_dict()"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{shown!r} is not JSON, or it is damaged: {error}; save it again") from None
    if not isinstance(document, dict) or document.get("format") != form:
        raise ValueError(f'{shown!r} is not {what}: its "format" must be {form!r}')
    if document.get("version") != version:
        raise ValueError(
            f"{shown!r} has version {document.get('version')!r:.40}, but only version {version} can be read here; "
            "save it again with the version of glassgrad that reads it"
        )
    return document
