"""The native build: where there is a C compiler, Cython compiles some of the engine's modules, unchanged.

Everything else about the distribution stands in pyproject.toml. Without a compiler, or if anything goes wrong, pure
Python is installed, which gives the same results; ``autograd.engine`` says which of the two is running. An editable
installation stays interpreted, so that edits take effect.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

MODULES = ("autograd.origins", "autograd.value", "autograd.cells")
DIRECTIVES = {
    "language_level": "3",
    "nonecheck": True,  # an attribute of None raises AttributeError, as in Python, and does not crash
    "embedsignature": True,
    "embedsignature.format": "clinic",  # the form of signatures that `inspect` and `help` can read
}
# Full optimisation, but no fused multiply-add: each sum and product is rounded by itself, as in Python.
UNIX_FLAGS = ["-O3", "-ffp-contract=off", "-g0"]
# Classes are heap types, not static ones, so that methods can be added to them at run time, as to Python's classes.
MACROS = [("CYTHON_USE_TYPE_SPECS", "1")]


class NativeBuild(build_ext):
    """Builds the native modules if it can, and says so if it cannot."""

    def finalize_options(self) -> None:
        # Run Cython only here, in the build: one installation runs setup.py several times, and Cython takes a while.
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


# The extensions are listed so that a wheel is tagged for its platform; `NativeBuild` decides what is really built.
setup(ext_modules=_extensions(), cmdclass={"build_ext": NativeBuild})
