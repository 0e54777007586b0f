"""Expressions of business admins: CEL, checked when it is entered, run on exact values (docs/adr/0051).

`syntax` reads a text into a tree, `checking` gives every part its type and says what is wrong where, `running` makes
of the tree one plain function of the record's values; `sql` turns a condition into a WHERE. Nothing is ever evaluated
as Python.
"""
