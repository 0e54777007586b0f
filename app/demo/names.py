"""Names made from parts: people of common surnames, companies of places and brands that do not exist."""

from __future__ import annotations

from random import Random

#: Common surnames, the frequent ones more than once.
SURNAMES = (
    *"王李张刘陈杨黄赵吴周" * 6,
    *"徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹" * 3,
    *"曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江",
    *"阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武",
    *("欧阳", "上官", "司徒", "诸葛", "夏侯", "皇甫"),
)
FEMALE = "婷芳娜秀英敏静丽艳娟霞玲慧洁雪梅琳莉萍红燕兰凤珍茜颖蓉菲妍欣怡佳雅诗涵梦瑶晨悦宁思语"
MALE = "伟强磊军洋勇杰涛明超刚平辉鹏飞鑫波斌宇浩凯健俊帆旭晨阳博文志远建国庆海峰林子轩皓然泽天成"
#: Places and brands no register knows.
PLACES = ("桥江", "澜浦", "云埠", "禾渡", "岭桥", "青湾", "雁洲", "柏川")
BRANDS_FIRST = "瑞恒启华嘉宏盛泰锦汇鼎信诚远景晟润丰凯卓"
BRANDS_SECOND = "禾澜岚川泽霖屹拓森源驰翎峦沐汀朗昱铭睿桓"
TRADES = (
    ("商贸", "批发和零售业"),
    ("建材", "批发和零售业"),
    ("食品", "制造业"),
    ("机械", "制造业"),
    ("电子", "制造业"),
    ("纺织", "制造业"),
    ("包装", "制造业"),
    ("物流", "交通运输、仓储和邮政业"),
    ("冷链", "交通运输、仓储和邮政业"),
    ("建设", "建筑业"),
    ("装饰", "建筑业"),
    ("信息技术", "信息传输、软件和信息技术服务业"),
    ("软件", "信息传输、软件和信息技术服务业"),
    ("农业发展", "农、林、牧、渔业"),
    ("餐饮管理", "住宿和餐饮业"),
    ("酒店管理", "住宿和餐饮业"),
    ("教育咨询", "教育"),
    ("医疗器械", "卫生和社会工作"),
    ("环保科技", "水利、环境和公共设施管理业"),
    ("文化传媒", "文化、体育和娱乐业"),
)
FORMS = (*("有限公司",) * 7, *("有限责任公司",) * 2, "股份有限公司")
OCCUPATIONS = (
    "教师",
    "医生",
    "工程师",
    "公务员",
    "个体经营者",
    "会计",
    "律师",
    "程序员",
    "护士",
    "司机",
    "厨师",
    "设计师",
    "企业管理人员",
    "销售人员",
    "退休人员",
    "自由职业者",
    "研究人员",
    "电商店主",
)


def person(random: Random, *, female: bool) -> str:
    """A full name, surname first, of two or three characters (four with a double surname)."""
    given = FEMALE if female else MALE
    count = 1 if random.random() < 0.2 else 2
    return random.choice(SURNAMES) + "".join(random.choice(given) for _ in range(count))


def company(random: Random) -> tuple[str, str]:
    """(name, industry) of a company that does not exist."""
    trade, industry = random.choice(TRADES)
    brand = random.choice(BRANDS_FIRST) + random.choice(BRANDS_SECOND)
    return f"{random.choice(PLACES)}{brand}{trade}{random.choice(FORMS)}", industry
