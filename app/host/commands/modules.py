"""`qiao module …`: the modules of a site."""

from __future__ import annotations

from collections.abc import Callable

import click

from app.host.console import Commands, chosen_site, in_site, site_option
from app.host.modules import (
    ModuleState,
    disable_module,
    enable_module,
    list_modules,
    remove_module_data,
    upgrade_module,
)


@click.group(cls=Commands)
def module() -> None:
    """List, switch on and off, upgrade the modules of a site."""


@module.command("list")
@site_option
def list_all(slug: str | None) -> None:
    """Every module with its state, version, and what is wrong with it."""
    with in_site(chosen_site(slug)):
        for state in list_modules():
            version = state.version if state.enabled else state.available
            click.echo(f"{state.slug}\t{word_for(state)}\t{version or '-'}\t{state.problem}")


def word_for(state: ModuleState) -> str:
    """A module's state in one word."""
    if not state.installed:
        return "missing"
    if not state.allowed:
        return "not-allowed"
    if state.can_upgrade:
        return "to-upgrade"
    return "enabled" if state.enabled else "disabled"


def _verb(name: str, act: Callable[[str], None], done: str, help_text: str) -> None:
    @module.command(name, help=help_text)
    @site_option
    @click.argument("modules", nargs=-1, required=True)
    def run(slug: str | None, modules: tuple[str, ...]) -> None:
        with in_site(chosen_site(slug)) as app:
            for each in modules:
                act(each)
                click.echo(f"{app.extensions['qiao'].site.slug}: {each} {done}")


_verb("enable", enable_module, "is on", "Switch MODULES on, in the order given: tables, permissions, menus.")
_verb("disable", disable_module, "is off; its data stays", "Switch MODULES off; tables and grants stay.")
_verb("upgrade", upgrade_module, "is upgraded", "Bring MODULES to the version installed.")


@module.command("remove-data")
@site_option
@click.argument("name")
@click.option("--confirm", prompt="Type the module's name to drop its tables for good", help="The module's name.")
def remove_data(slug: str | None, name: str, confirm: str) -> None:
    """Drop the tables and settings of the module NAME for good; it must be off."""
    with in_site(chosen_site(slug)):
        dropped = remove_module_data(name, confirm)
    click.echo(f"dropped {len(dropped)} tables of {name}")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(module)
