"""How much a file may hold, and the refusal of one that cannot be a table."""

from __future__ import annotations

#: Excel's own limit is 1,048,576 rows; text files may hold more.
MAX_ROWS = 2_000_000
MAX_COLUMNS = 300
#: Excel keeps at most 32,767 characters in a cell.
MAX_CELL = 32_767
MAX_HEADING = 200
#: What a packed file may unpack to, in bytes, and how many times its own size once it is not small.
MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 200
SMALL_UNPACKED = 20 * 1024**2
MAX_MEMBERS = 2_000
#: Memory a spreadsheet may take while it is read, in bytes; a sheet is read as a whole, in a process of its
#: own.
MAX_SHEET_MEMORY = 4 * 1024**3
#: Seconds the reading of one spreadsheet may take.
MAX_SHEET_SECONDS = 300


class BadFile(Exception):
    """A file that cannot be read as a table; `code` is a key of `app.transfer.messages.FILE_MESSAGES`."""

    def __init__(self, code: str, **details: object):
        self.code = code
        self.details = details
        super().__init__(code)


def refuse_bomb(packed: int, unpacked: int) -> None:
    """Refuse what unpacks to far more than it is (sizes in bytes). Raises `BadFile`.

    >>> refuse_bomb(1_000, 10_000_000)
    >>> refuse_bomb(1_000, 100_000_000)
    Traceback (most recent call last):
    app.transfer.rules.limits.BadFile: bomb
    """
    if unpacked > MAX_UNPACKED or (unpacked > SMALL_UNPACKED and unpacked > MAX_RATIO * max(packed, 1)):
        raise BadFile("bomb")
