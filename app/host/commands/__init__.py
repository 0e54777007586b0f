"""The host's commands of `qiao`: run, sites, modules, upkeep, checks, authoring."""

from __future__ import annotations

import click

from app.host.commands import authoring, checks, demo, modules, run, signin, sites, upkeep


def register(group: click.Group) -> None:
    """Add the room's commands."""
    for part in (run, sites, signin, modules, upkeep, demo, checks, authoring):
        part.register(group)
