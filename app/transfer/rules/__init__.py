"""Pure decisions of import and export: what a file may be, how columns become fields, what a cell may
hold."""
