"""``python -m bench [part …] [--rows N]``: all parts (see `PARTS`) without a name."""

from __future__ import annotations

import argparse

from bench import (
    approvals,
    approvals_reports,
    approvals_screens,
    assign,
    fields,
    lists,
    pools,
    pools_claims,
    pools_imports,
    pools_reminders,
    pools_simulation,
    publish,
    search,
    start,
    transfer,
    wall,
)

PARTS = {
    "lists": lists.main,
    "wall": wall.main,
    "search": search.main,
    "transfer": transfer.main,
    "start": start.main,
    "fields": fields.main,
    "publish": publish.main,
    "assign": assign.main,
    "approvals": approvals.main,
    "approvals_screens": approvals_screens.main,
    "approvals_reports": approvals_reports.main,
    "pools": pools.main,
    "pools_claims": pools_claims.main,
    "pools_simulation": pools_simulation.main,
    "pools_imports": pools_imports.main,
    "pools_reminders": pools_reminders.main,
}


def main() -> None:
    """Run the parts asked for, one after the other: each has the machine to itself."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; everything by default")
    parser.add_argument("--rows", type=int, help="size of the generated bank")
    parser.add_argument("--rules", type=int, help="pool rules in force (pools_imports)")
    chosen = parser.parse_args()
    for part in chosen.parts or PARTS:
        asked = {"rows": chosen.rows, "rules": chosen.rules if part == "pools_imports" else None}
        PARTS[part](**{name: number for name, number in asked.items() if number})


if __name__ == "__main__":
    main()
