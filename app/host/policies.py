"""Calling hooks under their policy; a module that fails while booting is set aside, not the site."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pluggy

from app import hookspecs
from app.types import Refused, Text, Veto

log = logging.getLogger(__name__)


class BootError(Exception):
    """A room of the kernel fails while booting: the site cannot be served without it."""


class Hooks:
    """The plugin manager of one site's app.

    `modules` maps slugs to the registered hook modules in boot order; `quarantined` maps slugs to the
    reason a module was set aside.
    """

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.modules: dict[str, ModuleType] = {}
        self.quarantined: dict[str, Text] = {}
        self.rooms: set[str] = set()

    def register(self, slug: str, module: ModuleType, *, is_room: bool = False) -> None:
        """Add a module's hooks. Raises `pluggy.PluginValidationError` for a hook that does not exist."""
        if slug in self.modules:
            raise ValueError(f"'{slug}' is the name of a part of the product")
        try:
            self.manager.register(module, name=slug)
            self.manager.check_pending()
        except pluggy.PluginValidationError:
            if self.manager.has_plugin(slug):
                self.manager.unregister(name=slug)
            raise
        self.modules[slug] = module
        if is_room:
            self.rooms.add(slug)

    def quarantine(self, slug: str, reason: Text) -> None:
        """Set a module aside with all its hooks; its screens are gone until the cause is mended.

        Raises `BootError` for a room of the kernel: without its scope filters the rest must not run.
        """
        if slug in self.rooms:
            raise BootError(f"{slug}: {reason}")
        log.error("module %s is quarantined: %s", slug, reason)
        self.quarantined[slug] = reason
        if self.modules.pop(slug, None) is not None:
            self.manager.unregister(name=slug)

    def boot(self, name: str, **arguments: Any) -> list[tuple[str, Any]]:
        """(slug, item) of all items the modules return; a module that raises is quarantined."""
        items: list[tuple[str, Any]] = []
        for slug, ask in self._askers(name, arguments):
            try:
                items.extend((slug, item) for item in ask() or ())
            except Exception as error:
                log.exception("hook %s of module %s failed while booting", name, slug)
                self.quarantine(slug, f"{name}: {error}")
        return items

    def gate(self, name: str, **arguments: Any) -> None:
        """Raise `Refused` with the first veto's reason; an error in a gate refuses as well."""
        for _slug, ask in self._askers(name, arguments):
            answer = ask()
            if isinstance(answer, Veto):
                raise Refused(answer.reason)

    def gather(self, name: str, **arguments: Any) -> list[Any]:
        """All items of a gate hook that answers with a list; an error goes to the caller."""
        return [item for _slug, ask in self._askers(name, arguments) for item in ask() or ()]

    def render(self, name: str, **arguments: Any) -> list[Any]:
        """All items the modules return for a page; a failing module's piece is left out."""
        items: list[Any] = []
        for slug, ask in self._askers(name, arguments):
            try:
                items.extend(ask() or ())
            except Exception:
                log.exception("hook %s of module %s left out of the page", name, slug)
        return items

    def event(self, name: str, **arguments: Any) -> None:
        """Tell every module; errors are logged and the others are still told."""
        for slug, ask in self._askers(name, arguments):
            try:
                ask()
            except Exception:
                log.exception("event %s failed in module %s", name, slug)

    def each(self, name: str, **arguments: Any) -> list[tuple[str, Callable[[], Any]]]:
        """(slug, call) of every module with the hook, in boot order; the caller minds their errors."""
        return self._askers(name, arguments)

    def _askers(self, name: str, arguments: dict[str, Any]) -> list[tuple[str, Callable[[], Any]]]:
        """(slug, call) per module with the hook, in boot order; a module may leave arguments out."""
        order = {slug: place for place, slug in enumerate(self.modules)}
        found = [impl for impl in getattr(self.manager.hook, name).get_hookimpls() if impl.plugin_name in order]
        found.sort(key=lambda impl: order[impl.plugin_name])
        return [(impl.plugin_name, partial(impl.function, *(arguments[a] for a in impl.argnames))) for impl in found]
