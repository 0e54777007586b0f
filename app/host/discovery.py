"""Finding modules: folders under `plugins/` and pip packages with an entry point in ``qiao.modules``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask_babel import lazy_gettext as _l

from app.host.manifest import KERNEL_VERSION, Manifest, ManifestError, read_manifest
from app.types import Text

log = logging.getLogger(__name__)

ENTRY_POINTS = "qiao.modules"


@dataclass(frozen=True, slots=True)
class Found:
    """A module that is installed: its import path, folder, and manifest or what is wrong with it."""

    slug: str
    package: str
    folder: Path
    manifest: Manifest | None
    problem: str = ""

    @property
    def manifest_version(self) -> str:
        """The version in the manifest, empty when it cannot be read."""
        return self.manifest.version if self.manifest else ""


def discover(plugins: Path, allowed: tuple[str, ...] = ()) -> dict[str, Found]:
    """Every installed module by slug; `allowed` (when not empty) leaves the others out."""
    found: dict[str, Found] = {}
    for folder in sorted({path.parent for name in ("manifest.toml", "hooks.py") for path in plugins.glob(f"*/{name}")}):
        _add(found, folder.name, f"{plugins.name}.{folder.name}", folder)
    for point in _entry_points(_path()):
        try:
            spec = importlib.util.find_spec(point.value)
        except (ImportError, ValueError) as error:
            log.error("the package of module %s cannot be found: %s", point.name, error)
            continue
        if spec is not None and spec.origin is not None:
            _add(found, point.name, point.value, Path(spec.origin).parent)
    return {slug: module for slug, module in found.items() if not allowed or slug in allowed}


def _path() -> tuple[tuple[str, int], ...]:
    """(folder, time of change) of each folder packages lie in: installing or removing one changes its folder."""
    places = (place or "." for place in sys.path)
    return tuple((place, os.stat(place).st_mtime_ns) for place in places if os.path.exists(place))


@lru_cache(maxsize=4)
def _entry_points(_of: tuple[tuple[str, int], ...]) -> tuple[importlib.metadata.EntryPoint, ...]:
    """The modules among the packages on the path. Asking all packages takes a tenth of the time an app is built in."""
    return tuple(importlib.metadata.entry_points(group=ENTRY_POINTS))


def _add(found: dict[str, Found], slug: str, package: str, folder: Path) -> None:
    if slug in found:
        found[slug] = Found(slug, found[slug].package, found[slug].folder, None, f"two modules are called '{slug}'")
        return
    try:
        found[slug] = Found(slug, package, folder, read_manifest(folder / "manifest.toml"))
    except ManifestError as wrong:
        found[slug] = Found(slug, package, folder, None, str(wrong))


def requires(missing: Sequence[str]) -> Text:
    """The reason of a module that cannot run without others."""
    return _l("it requires %(modules)s", modules=", ".join(missing))


def boot_order(found: dict[str, Found], wanted: set[str]) -> tuple[list[str], dict[str, Text]]:
    """Wanted slugs with each after what it requires, and a problem for each that cannot boot."""
    order: list[str] = []
    problems: dict[str, Text] = {}

    def visit(slug: str, path: tuple[str, ...]) -> bool:
        if slug in order:
            return True
        if slug in problems:
            return False
        module = found.get(slug)
        if module is None:
            problems[slug] = _l("its folder or package is not installed")
        elif module.manifest is None:
            problems[slug] = module.problem
        elif not module.manifest.fits_kernel():
            problems[slug] = _l(
                "it needs kernel %(range)s, this is %(version)s",
                range=module.manifest.kernel,
                version=KERNEL_VERSION,
            )
        elif slug in path:
            problems[slug] = _l("it requires itself: %(path)s", path=" > ".join((*path, slug)))
        elif missing := [r for r in module.manifest.requires if r not in wanted or not visit(r, (*path, slug))]:
            problems.setdefault(slug, requires(missing))
        if slug in problems:
            return False
        order.append(slug)
        return True

    for slug in sorted(wanted):
        visit(slug, ())
    return order, problems
