"""`qiao new-module`: writes a module that works, from the templates in `scaffold/` (MOD-4)."""

from __future__ import annotations

import keyword
from pathlib import Path

from mako.template import Template  # type: ignore[import-untyped]

from app.host.manifest import RESERVED, SLUG

SCAFFOLD = Path(__file__).resolve().parent / "scaffold"
SUFFIX = ".mako"


class ScaffoldError(Exception):
    """A module that cannot be written; the message says what to do."""


def write_module(plugins: Path, slug: str, *, zh: str | None = None, en: str | None = None) -> list[Path]:
    """Write the module `slug` into the folder `plugins`; returns the files. Raises `ScaffoldError`.

    `zh` and `en` are its names on screen; both default to one made from the slug.
    """
    if not SLUG.fullmatch(slug) or keyword.iskeyword(slug) or slug in RESERVED:
        raise ScaffoldError(f"'{slug}' cannot be a module: use lower-case letters, digits and '_', no kernel name")
    folder = plugins / slug
    if folder.exists():
        raise ScaffoldError(f"{folder} exists already")
    cls = "".join(part.capitalize() for part in slug.split("_"))
    english = en or slug.replace("_", " ").capitalize()
    for text in (zh or "", english):
        if any(character in text for character in '"\\\n') or len(text) > 60:
            raise ScaffoldError("the names take up to 60 characters, without quotes")
    words = {
        "slug": slug,
        "cls": cls,
        "package": f"{plugins.name}.{slug}",
        "en": english,
        "zh": zh or english,
    }
    written = []
    for source in sorted(SCAFFOLD.rglob(f"*{SUFFIX}")):
        target = folder / source.relative_to(SCAFFOLD).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        template = Template(filename=str(source), strict_undefined=True)  # noqa: S702 - it writes Python
        text = template.render(**words)
        target.write_text(text, "utf-8")
        written.append(target)
    return written
