"""Where translations come from, and which language and time zone a person sees."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from app.host.context import context

KERNEL = Path(__file__).resolve().parent.parent


def translation_folders(app: Flask) -> list[Path]:
    """Every room's and installed module's `translations/`, the theme's first."""
    rooms = sorted(KERNEL.glob("*/translations"))
    modules = [found.folder / "translations" for found in context(app).installed.values()]
    return [folder for folder in (*rooms, *modules) if folder.is_dir()]


def add_translations(app: Flask) -> None:
    """Tell Flask-Babel (set up by Flask-AppBuilder) where to look."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(folder) for folder in translation_folders(app))
