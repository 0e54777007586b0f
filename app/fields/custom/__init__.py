"""Custom fields (自定义字段): business admins add them on screen; they behave as built-in ones everywhere.

`models` holds their descriptions, `stored` their values, `describing` turns rows into the `Field`s every screen works
from, `services` are the acts of the admin. docs/adr/0050 says why the values live in one JSON column.
"""
