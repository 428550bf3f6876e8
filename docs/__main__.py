"""Build the site: ``python -m docs``. Read it with ``python -m docs --serve``.

The command installs Pyodide and the code editor with npm, once, for the cells of the lessons; bundles the editor; and
runs Sphinx, with warnings as errors. All files go into ``build/site``; the site itself is in ``build/site/html``.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parent / "build" / "site"
ASSETS = BUILD / "assets"
DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")


def main() -> int:
    """Parse the command line, build the site, and return Sphinx's exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__, formatter_class=_Help)
    parser.add_argument("--out", type=Path, default=BUILD / "html", help="the folder of the site (build/site/html)")
    parser.add_argument("--force", action="store_true", help="execute all cells again, even if nothing has changed")
    parser.add_argument("--packages", type=Path, metavar="FOLDER", help=_PACKAGES)
    parser.add_argument("--serve", action="store_true", help="serve the site on this machine afterwards")
    options = parser.parse_args()
    fetch()
    assemble(options.packages)
    code = build(options.out, options.force)
    if code == 0 and options.serve:
        serve(options.out)
    return code


_Help = argparse.RawDescriptionHelpFormatter
_PACKAGES = "a folder with wheels of Pyodide's distribution, which the site then serves itself (numpy, matplotlib, ...)"


def fetch() -> None:
    """Install the npm packages that package.json lists, unless this list has been installed before."""
    wanted, there = HERE / "package.json", BUILD / "npm" / "package.json"
    if there.exists() and there.read_bytes() == wanted.read_bytes():
        return
    shutil.rmtree(there.parent, ignore_errors=True)
    there.parent.mkdir(parents=True)
    options = ["--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--silent"]
    shutil.copyfile(wanted, there.parent / "wanted.json")
    (there.parent / "wanted.json").rename(there)
    try:
        subprocess.run([_npm(), "install", *options], cwd=there.parent, check=True)
    except BaseException:
        there.unlink()  # its presence says that the packages are installed
        raise


def _npm() -> str:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is missing; it comes with Node.js, and fetches what runs the lessons' cells")
    return npm


def assemble(packages: Path | None) -> None:
    """Collect what the site serves besides its pages: Pyodide, the editor, and the wheels of the folder `packages`."""
    modules = BUILD / "npm" / "node_modules"
    shutil.rmtree(ASSETS, ignore_errors=True)
    (ASSETS / "pyodide").mkdir(parents=True)
    for name in PYODIDE:
        shutil.copyfile(modules / "pyodide" / name, ASSETS / "pyodide" / name)
    lock = json.loads((modules / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    version = json.loads((modules / "pyodide" / "package.json").read_text(encoding="utf-8"))["version"]
    for library in lock["packages"].values():
        wheel = None if packages is None else packages / library["file_name"]
        if wheel is not None and wheel.exists():
            library["bytes"] = wheel.stat().st_size
            shutil.copyfile(wheel, ASSETS / "pyodide" / wheel.name)
        else:
            library["file_name"] = DISTRIBUTION.format(version=version) + library["file_name"]
    (ASSETS / "pyodide" / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    command = [str(modules / ".bin" / "esbuild"), str(HERE / "_scripts" / "editor.js")]
    command += ["--bundle", "--format=esm", "--minify"]
    options = [f"--outfile={ASSETS / 'editor.js'}", "--log-level=warning", "--legal-comments=eof"]
    subprocess.run([*command, *options], env=os.environ | {"NODE_PATH": str(modules)}, check=True)


def build(out: Path, force: bool) -> int:
    """Run Sphinx; returns its exit code."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto", "-d", str(BUILD / "doctrees")]
    command += ["-D", f"runnable_assets={ASSETS}"]
    if force:
        command += ["-E", "-D", "nb_execution_mode=force"]
    return subprocess.run([*command, str(HERE), str(out)]).returncode


def serve(folder: Path) -> None:
    """Serve a folder on this machine until it is interrupted."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 8000), handler) as server:
        print("http://127.0.0.1:8000/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    sys.exit(main())
