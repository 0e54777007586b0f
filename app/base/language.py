"""Where translations come from, and which language and time zone a person sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import get_translations

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


def choose_language_by_person(app: Flask) -> None:
    """Put the person's language and time zone in the place of Flask-AppBuilder's session value."""
    babel = app.extensions["babel"]
    babel.locale_selector = language
    babel.timezone_selector = timezone
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _catalogue().ugettext(text),
        lambda one, many, count: _catalogue().ungettext(one, many, count),
        newstyle=True,
    )


def _catalogue() -> Any:
    """The catalogue of this request's language, looked up once: a page says hundreds of messages."""
    wanted = language()
    if "catalogue" not in g or g.catalogue[0] != wanted:
        g.catalogue = (wanted, get_translations())
    return g.catalogue[1]


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
