msgid ""
msgstr ""
"Language: zh\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

msgid "${en}"
msgstr "${zh}"

msgid "${en} item"
msgstr "${zh}事项"

msgid "${en} items"
msgstr "${zh}事项"

msgid "Item"
msgstr "事项"

msgid "Customer"
msgstr "客户"

msgid "Due on"
msgstr "到期日"

msgid "Remark"
msgstr "备注"

msgid "Closed at"
msgstr "完成时间"

msgid "Created at"
msgstr "创建时间"

msgid "Close"
msgstr "完成"

msgid "Days of grace"
msgstr "宽限天数"

msgid "An item counts as overdue only after so many days."
msgstr "超过这么多天后才算逾期。"

msgid "None of these items can be closed"
msgstr "所选事项均不能完成"

msgid "%(count)s items closed"
msgstr "已完成 %(count)s 项"
