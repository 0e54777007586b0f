# ${en} (${zh})

Items of a customer that fall due: whoever sees the customer sees them, closing one or many is a single statement
with an entry in the audit log.

Read `hooks.py` first, it is the table of contents: the entity (list, filter, form, detail, import, export, REST
follow from its description in `schemas.py`), the menu, the permissions for the kernel's roles, the setting.

| file | holds |
| --- | --- |
| `rules.py` | when an item is overdue; pure |
| `models.py` | the table `${slug}_item` |
| `services.py` | closing items |
| `schemas.py` | the item as people, files and REST see it |
| `views.py` | its screens, with the act of closing |
| `settings.py` | the days of grace |

Start it: `qiao module enable ${slug}`. Change the model, then `qiao make-migration ${slug} -m "what changes"`.
