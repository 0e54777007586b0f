"""Reads the first sheet of a workbook into JSON lines; a process of its own, run by its path.

Calamine loads a sheet as a whole; a process of its own gives the memory back, and a sheet made to exhaust it
(one cell in the last corner, endless columns) ends this process and not the worker. Arguments: file, target,
most
rows, most columns, most memory in bytes. Answers one JSON object on standard output.
"""

from __future__ import annotations

import datetime
import json
import resource
import sys
from typing import Any


def plain(value: Any) -> Any:
    """A cell as JSON holds it: dates and times as ISO text, blanks as null."""
    if value is None or value == "":
        return None
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()
    return str(value)


def main(path: str, target: str, max_rows: str, max_columns: str, memory: str) -> dict[str, Any]:
    """{"code": …} for what is wrong, or {"rows": n, "sheet": name}; row lines are ``[number, "", cells]``."""
    from python_calamine import CalamineError, PasswordError, load_workbook

    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    try:
        book = load_workbook(path)
        if not book.sheet_names:
            return {"code": "empty"}
        sheet = book.get_sheet_by_index(0)
    except PasswordError:
        return {"code": "encrypted"}
    except CalamineError:
        return {"code": "broken"}
    if sheet.total_width > int(max_columns):
        return {"code": "too_many_columns", "limit": int(max_columns)}
    if sheet.total_height > int(max_rows) + 1:
        return {"code": "too_many_rows", "limit": int(max_rows)}
    first = (sheet.start or (0, 0))[0]
    count = 0
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with open(target, "w", encoding="utf-8") as out:
        for number, cells in enumerate(sheet.iter_rows(), first + 1):
            row = [plain(cell) for cell in cells]
            if any(cell is not None for cell in row):
                out.write(dumps([number, "", row]) + "\n")
                count += 1
    return {"rows": count, "sheet": sheet.name}


if __name__ == "__main__":
    try:
        answer = main(*sys.argv[1:])
    except MemoryError:
        answer = {"code": "bomb"}
    sys.stdout.write(json.dumps(answer))
