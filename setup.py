"""The native build: Cython compiles the engine's nodes, from the very same source, where a C compiler is there.

Everything else about the distribution stands in pyproject.toml. Without a compiler, or if anything goes wrong, the
installation goes on with pure Python: it works the same, and ``autograd.engine`` says which of the two it is. An
editable installation stays interpreted, so that edits take effect.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

MODULES = ("autograd.origins", "autograd.value", "autograd.cells")
DIRECTIVES = {
    "language_level": "3",
    "nonecheck": True,  # a field of None is an AttributeError, as in Python, not a fault in memory
    "embedsignature": True,
    "embedsignature.format": "clinic",  # which inspect and help understand
}
# As fast as it gets, but each sum and product rounded by itself, as Python does it; and no debugging symbols.
UNIX_FLAGS = ["-O3", "-ffp-contract=off", "-g0"]
# Classes are made at run time, as Python's are, so that they can be given methods.
MACROS = [("CYTHON_USE_TYPE_SPECS", "1")]


class NativeBuild(build_ext):
    """Builds the native modules if it can, and says so if it cannot."""

    def finalize_options(self) -> None:
        # Not before this point: setup.py is run several times for one installation, and compiling takes a while.
        self.distribution.ext_modules = [] if self.editable_mode else _in_c()
        super().finalize_options()

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            self.extensions = []
            _warn(error)

    def build_extension(self, ext: Extension) -> None:
        if self.compiler.compiler_type == "unix":
            ext.extra_compile_args = UNIX_FLAGS
        super().build_extension(ext)


def _in_c() -> list[Extension]:
    try:
        from Cython.Build import cythonize

        made: list[Extension] = cythonize(
            _extensions(), build_dir="build/c", compiler_directives=DIRECTIVES, quiet=True
        )
        return made
    except (Exception, SystemExit) as error:
        _warn(error)
        return []


def _extensions() -> list[Extension]:
    return [Extension(name, [f"{name.replace('.', '/')}.py"], define_macros=MACROS) for name in MODULES]


def _warn(error: BaseException) -> None:
    print(f"glassgrad: no native build ({error}); the pure Python engine is installed instead", file=sys.stderr)


# The extensions stand here so that a wheel is tagged for its platform; what is built is decided above.
setup(ext_modules=_extensions(), cmdclass={"build_ext": NativeBuild})
