slug = "${slug}"
version = "0.1.0"
name = { zh = "${zh}", en = "${en}" }
description = { zh = "${zh}：客户的待办事项，到期提醒，可批量完成。", en = "${en}: items of a customer that fall due and are closed, one or many at a time." }
kernel = ">=0.1,<1"
requires = []
icon = "checklist"
