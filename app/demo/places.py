"""Where the made-up bank has branches and its customers come from: real divisions with their codes."""

from __future__ import annotations

#: (code, name) of the cities of the three branches with their districts (GB/T 2260).
BRANCHES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "330100",
        "杭州",
        (
            ("330106", "西湖"),
            ("330105", "拱墅"),
            ("330108", "滨江"),
            ("330109", "萧山"),
            ("330110", "余杭"),
            ("330102", "上城"),
        ),
    ),
    (
        "510100",
        "成都",
        (
            ("510107", "武侯"),
            ("510104", "锦江"),
            ("510105", "青羊"),
            ("510108", "成华"),
            ("510106", "金牛"),
            ("510112", "龙泉驿"),
        ),
    ),
    (
        "420100",
        "武汉",
        (
            ("420106", "武昌"),
            ("420103", "江汉"),
            ("420111", "洪山"),
            ("420102", "江岸"),
            ("420104", "硚口"),
            ("420105", "汉阳"),
        ),
    ),
)
#: Divisions people were born in, besides those of the branches.
ELSEWHERE = (
    "110101",
    "310101",
    "440104",
    "440304",
    "320102",
    "320508",
    "610102",
    "500103",
    "430102",
    "410102",
    "370202",
    "350203",
)
STREETS = ("桥江路", "澜浦街", "云埠大道", "禾渡巷", "岭桥路", "青湾街", "雁洲大道", "柏川路")
