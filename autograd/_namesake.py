"""HIPS Autograd also installs a package called autograd, into the same folder, and pip does not say so.

Whichever comes last overwrites the other's ``__init__.py``, and uninstalling either removes the file. This module
detects that and says how to repair it; it imports nothing else of this package, as it must run when nothing else does.
"""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INIT = os.path.join(HERE, "__init__.py")


def check() -> None:
    """Do nothing if ``import autograd`` gives glassgrad's package; otherwise say what is there instead.

    Raises
    ------
    ImportError
        If something else has taken its place; the message says how to repair it. Other problems raise nothing here.

    Examples
    --------
    >>> import autograd
    >>> check()
    """
    if hasattr(sys.modules.get("autograd"), "Value"):
        return
    reason = _reason()
    if reason is not None:
        raise ImportError(reason, name="autograd") from None


def warn() -> None:
    """Warn, at the line that imports autograd, that it lies on top of HIPS Autograd.

    Glassgrad still works. HIPS Autograd has lost its functions, and its users would not guess why.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn()
    >>> print(caught[0].message)
    glassgrad has overwritten ...__init__.py of HIPS Autograd, which also installs a package called autograd; run ...
    """
    import warnings

    message = (
        f"glassgrad has overwritten {INIT} of HIPS Autograd, which also installs a package called autograd; "
        f"run `{_pip()} uninstall -y autograd glassgrad`, then install one of them again "
        f"(glassgrad: `{_pip()} install .` in its clone; HIPS Autograd: `{_pip()} install autograd`)"
    )
    warnings.warn(message, stacklevel=3)


def _reason() -> str | None:
    """What has become of glassgrad's package, and how to repair it; None if it is where it should be."""
    from importlib.util import find_spec

    again = (
        f"run `{_pip()} uninstall -y autograd glassgrad`, then install glassgrad again "
        f"(`{_pip()} install .` in its clone)"
    )
    if not os.path.exists(INIT):
        return (
            f"glassgrad's {INIT} is gone, as it is after HIPS Autograd, which also installs a package called "
            f"autograd, has been uninstalled; {again}"
        )
    if not _has_value(INIT):
        who = "HIPS Autograd, which also installs a package called autograd," if _is_hips(HERE) else "something else"
        return f"{who} has overwritten glassgrad's {INIT}; {again}"
    spec = find_spec("autograd")  # this does not run the package
    if spec is None:
        return None
    found = spec.origin or next(iter(spec.submodule_search_locations or ()), "")  # the latter if it has no __init__.py
    folder = found if os.path.isdir(found) else os.path.dirname(found)
    if os.path.realpath(folder) == os.path.realpath(HERE):
        return None
    if _is_hips(folder):
        return (
            f"HIPS Autograd in {folder}, which also installs a package called autograd, hides glassgrad's in {HERE}; "
            f"run `{_pip()} uninstall -y autograd`"
        )
    return f"{found} hides glassgrad's package autograd in {HERE}; rename it"


def _has_value(path: str) -> bool:
    """Whether the module in a file imports `Value`, as glassgrad's package does."""
    import ast

    with open(path, encoding="utf-8", errors="replace") as file:
        try:
            body = ast.parse(file.read()).body
        except SyntaxError:
            return False
    return any(isinstance(line, ast.ImportFrom) and any(x.name == "Value" for x in line.names) for line in body)


def _is_hips(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "numpy", "numpy_vjps.py"))


def _pip() -> str:
    """The command that runs pip for this Python, which is often not the one that a shell finds first."""
    python = sys.executable or "python"
    return f'"{python}" -m pip' if " " in python else f"{python} -m pip"
