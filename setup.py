"""The native build: mypyc compiles the hot modules, from the very same source, where a C compiler is there.

Everything else about the distribution stands in pyproject.toml. Without a compiler, or if anything goes wrong, the
installation goes on with pure Python: it works the same, and ``autograd.native`` says which of the two it is. An
editable installation stays interpreted, so that edits take effect.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

MODULES = ["autograd/value.py"]


class NativeBuild(build_ext):
    """Builds the native modules if it can, and says so if it cannot."""

    def finalize_options(self) -> None:
        # Not before this point: setup.py is run several times for one installation, and compiling takes a while.
        self.distribution.ext_modules = [] if self.editable_mode else _compiled()
        super().finalize_options()

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            self.extensions = []
            _warn(error)


def _compiled() -> list[Extension]:
    try:
        from mypyc.build import mypycify

        # The project's own mypy configuration is for checking: here the variable MYPYC has the other value.
        extensions: list[Extension] = mypycify(
            ["--config-file=", "--follow-imports=silent", "--always-true=MYPYC", *MODULES], opt_level="3"
        )
        return extensions
    except (Exception, SystemExit) as error:
        _warn(error)
        return []


def _warn(error: BaseException) -> None:
    print(f"glassgrad: no native build ({error}); the pure Python engine is installed instead", file=sys.stderr)


# The extension stands here so that a wheel is tagged for its platform; what is built is decided above.
setup(ext_modules=[Extension("autograd.value", ["autograd/value.py"])], cmdclass={"build_ext": NativeBuild})
