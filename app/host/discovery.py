"""Finding modules: folders under `plugins/` and pip packages with an entry point in ``qiao.modules``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from app.host.manifest import Manifest, ManifestError, read_manifest

ENTRY_POINTS = "qiao.modules"


@dataclass(frozen=True, slots=True)
class Found:
    """A module that is installed: its import path, folder, and manifest or what is wrong with it."""

    slug: str
    package: str
    folder: Path
    manifest: Manifest | None
    problem: str = ""


def discover(plugins: Path, allowed: tuple[str, ...] = ()) -> dict[str, Found]:
    """Every installed module by slug; `allowed` (when not empty) leaves the others out."""
    found: dict[str, Found] = {}
    for path in sorted(plugins.glob("*/manifest.toml")):
        _add(found, path.parent.name, f"{plugins.name}.{path.parent.name}", path.parent)
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        spec = importlib.util.find_spec(point.value)
        if spec is not None and spec.origin is not None:
            _add(found, point.name, point.value, Path(spec.origin).parent)
    return {slug: module for slug, module in found.items() if not allowed or slug in allowed}


def _add(found: dict[str, Found], slug: str, package: str, folder: Path) -> None:
    if slug in found:
        found[slug] = Found(
            slug, found[slug].package, found[slug].folder, None, f"two modules are called '{slug}'"
        )
        return
    try:
        found[slug] = Found(slug, package, folder, read_manifest(folder / "manifest.toml"))
    except ManifestError as wrong:
        found[slug] = Found(slug, package, folder, None, str(wrong))


def boot_order(found: dict[str, Found], wanted: set[str]) -> tuple[list[str], dict[str, str]]:
    """Wanted slugs with each after what it requires, and a problem for each that cannot boot."""
    order: list[str] = []
    problems: dict[str, str] = {}

    def visit(slug: str, path: tuple[str, ...]) -> bool:
        if slug in order:
            return True
        if slug in problems:
            return False
        module = found.get(slug)
        if module is None:
            problems[slug] = "its folder or package is not installed"
        elif module.manifest is None:
            problems[slug] = module.problem
        elif not module.manifest.fits_kernel():
            problems[slug] = f"it needs kernel {module.manifest.kernel}"
        elif slug in path:
            problems[slug] = "it requires itself: " + " > ".join((*path, slug))
        elif missing := [
            r for r in module.manifest.requires if r not in wanted or not visit(r, (*path, slug))
        ]:
            problems.setdefault(slug, "it requires " + ", ".join(missing))
        if slug in problems:
            return False
        order.append(slug)
        return True

    for slug in sorted(wanted):
        visit(slug, ())
    return order, problems
