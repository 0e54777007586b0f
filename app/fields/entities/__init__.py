"""Custom entities (自定义实体): a business admin makes a new kind of record on screen, live without a restart.

`models` holds their descriptions, `stored` makes their tables and classes, `describing` turns rows into the `Entity`s
every screen works from, `services` are the acts of the admin, `records` and `handing` what owned records do.
docs/adr/0053 says why each has a table of its own.
"""
