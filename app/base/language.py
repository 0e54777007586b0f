"""Where translations come from, and which language and time zone a person sees."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, request
from flask_babel import Domain, get_locale, gettext
from markupsafe import Markup

from app.access.actors import current_actor
from app.host.context import context

KERNEL = Path(__file__).resolve().parent.parent
#: Language codes of the screens and their own names, the first being the product's first.
LANGUAGES = {"zh": "简体中文", "en": "English"}
#: What a browser is told the page's language is.
TAGS = {"zh": "zh-CN", "en": "en"}
#: The language chosen on this machine, for the pages before the login.
COOKIE = "qiao_language"


def translation_folders(app: Flask) -> list[Path]:
    """Every room's and installed module's `translations/`, the theme's first."""
    rooms = sorted((*KERNEL.glob("*/translations"), *KERNEL.glob("*/*/translations")))
    modules = [found.folder / "translations" for found in context(app).installed.values()]
    return [folder for folder in (*rooms, *modules) if folder.is_dir()]


def add_translations(app: Flask) -> None:
    """Tell Flask-Babel (set up by Flask-AppBuilder) where to look."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(folder) for folder in translation_folders(app))


def use_catalogues(app: Flask) -> None:
    """Read no catalogue again that another app has read. Flask-Babel is set up, and nothing said yet."""
    app.extensions["babel"].instance.domain_instance = Catalogues()


def choose_language_by_person(app: Flask) -> None:
    """Put the person's language and time zone in the place of Flask-AppBuilder's session value."""
    babel = app.extensions["babel"]
    babel.locale_selector = language
    babel.timezone_selector = timezone
    app.jinja_env.globals["_"] = Sayings()


class Catalogues(Domain):
    """The site's catalogues, found by the language in few steps: a page says hundreds of messages."""

    def get_translations(self) -> Any:
        """The catalogue of the language in force."""
        locale = get_locale()
        return self.cache.get((locale.language, "")) or self._load(locale)

    def _load(self, locale: Any) -> Any:
        key = (locale.language, *_files(self.translation_directories, str(locale)))
        found = _READ.get(key)
        if found is None:
            if len(_READ) >= MOST_READ:
                _READ.clear()
            found = _READ[key] = super().get_translations()
        self.cache[locale.language, ""] = found
        return found


#: What was read from files, by language and files: an app built anew, and other sites, need not read them again.
_READ: dict[tuple[Any, ...], Any] = {}
MOST_READ = 20


def _files(folders: Iterable[str], locale: str) -> Iterator[tuple[str, int]]:
    """(path, time of change) of the catalogues of a language."""
    for folder in folders:
        file = os.path.join(folder, locale, "LC_MESSAGES", "messages.mo")
        with contextlib.suppress(FileNotFoundError):
            yield file, os.stat(file).st_mtime_ns


class Sayings:
    """`_` in templates: messages as markup, worked out once per language, their variables escaped.

    As with Jinja's own, every message is a format string: a per cent sign in it is written ``%%``.
    """

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], tuple[Markup, Markup]] = {}

    def __call__(self, text: str, /, **variables: Any) -> Markup:
        said = self._said.get((get_locale().language, text)) or self._look_up(text)
        return said[0] % variables if variables else said[1]

    def _look_up(self, text: str) -> tuple[Markup, Markup]:
        found = Markup(gettext(text))  # noqa: S704 - a catalogue of ours
        bare = found if "%(" in found else found % {}
        said = self._said[get_locale().language, text] = (found, bare)
        return said


def language() -> str:
    """The language of this request or job, one of `LANGUAGES`.

    Whoever acts has one (the own choice, else the site's). Before the login: the cookie of this machine, then
    what the browser asks for, then the site's.
    """
    actor = current_actor()
    if actor is not None and actor.user_id is not None:
        return known(actor.locale)
    if has_request_context():
        return guest_language()
    return known(context().site.locale)


def guest_language() -> str:
    """The language of someone who has not logged in."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    best = request.accept_languages.best_match([tag for code in LANGUAGES for tag in (code, TAGS[code])])
    return known(best[:2]) if best else known(context().site.locale)


def known(code: str) -> str:
    """`code` if it is one of ours, else the first."""
    return code if code in LANGUAGES else next(iter(LANGUAGES))


def timezone() -> str:
    """The person's time zone, else the site's."""
    actor = current_actor()
    if actor is not None and actor.user_id is not None:
        return actor.timezone
    return context().site.timezone
