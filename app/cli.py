"""The `qiao` command: each room adds its own commands from its `commands.py`."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

import click

from app.host.console import Commands
from app.host.manifest import KERNEL_VERSION

ROOMS = Path(__file__).resolve().parent


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(KERNEL_VERSION, prog_name="qiao")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is done.")
def qiao(verbose: bool) -> None:
    """Qiao (桥): the customers, people and work of a lender."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(levelname)s %(message)s",
    )


for path in sorted([*ROOMS.glob("*/commands.py"), *ROOMS.glob("*/commands/__init__.py")]):
    room = path.relative_to(ROOMS).parts[0]
    importlib.import_module(f"app.{room}.commands").register(qiao)


def main() -> None:
    """The console script."""
    qiao()


if __name__ == "__main__":
    main()
