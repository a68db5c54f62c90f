"""
The words of enterprise names that many share: 行政区划, 行业, 组织形式 (企业名称登记管理规定). What is left is the trade name 字号, by
which enterprises differ. A word that is missing here counts as part of the trade name: the search is then stricter, never laxer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PROVINCES: Final = """
北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南
陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门
"""
_CITIES: Final = """
石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安盟 锡林郭勒 阿拉善 沈阳 大连 鞍山 抚顺 本溪 丹东
锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛 长春 四平 辽源 通化 白山 松原 白城 延边 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山
大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁
杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州
六安 亳州 池州 宣城 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州
上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 郑州 开封 洛阳 平顶山 安阳 鹤壁
新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州
恩施 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江
茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色
贺州 河池 来宾 崇左 海口 三亚 三沙 儋州 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州
雅安 巴中 资阳 阿坝 甘孜 凉山 贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南 昆明 曲靖 玉溪 保山 昭通 丽江 普洱
临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆 拉萨 日喀则 昌都 林芝 山南 那曲 阿里 西安 铜川 宝鸡 咸阳 渭南 延安
汉中 榆林 安康 商洛 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南 西宁 海东 银川 石嘴山 吴忠
固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 和田 伊犁 塔城 阿勒泰 石河子 南关
宽城 二道 绿园 双阳 九台 农安 榆树 德惠 公主岭 净月 汽开 经开 高新 莲花山 长江路
"""
_PLACE_SUFFIXES: Final = """
特别行政区 壮族自治区 回族自治区 维吾尔自治区 自治区 自治州 经济技术开发区 经济开发区 高新技术产业开发区
高新技术开发区 开发区 地区 新区 省 市 区 县 盟 州
"""
_TRADES: Final = """
钢铁 特钢 钢管 钢材 钢构 钢结构 不锈钢 炼钢 炼铁 轧钢 冶金 冶炼 铸造 铸钢 锻造 锻压 热处理 金属 有色金属 铁合金 合金
铝业 电解铝 铝材 铝制品 铜业 镁业 锌业 稀土 矿业 矿山 矿产 选矿 采矿 采石 石材 石料 石灰 煤业 煤炭 煤矿 焦化 焦炭 洗煤
能源 新能源 电力 热电 发电 热力 供热 燃气 天然气 石油 石化 化工 化学 化肥 农药 染料 涂料 油漆 橡胶 轮胎 塑料 塑胶 塑业
水泥 建材 建筑材料 新型建材 混凝土 商砼 砖瓦 砖厂 陶瓷 玻璃 平板玻璃 耐火材料 保温材料 材料 新材料 复合材料 碳素 造纸
纸业 纸制品 包装 印刷 印染 印务 纺织 棉纺 毛纺 织布 服装 服饰 制衣 皮革 制革 鞋业 家具 木业 木材 人造板 地板 食品 粮油
粮食 米业 面粉 油脂 饲料 酒业 酿酒 酿造 啤酒 饮料 乳业 肉业 屠宰 水产 果业 蔬菜 种业 农业 牧业 林业 养殖 农牧 生物
生物科技 生物质 医药 制药 药业 药材 医疗 医疗器械 器械 机械 机电 机床 设备 重型机械 机械设备 装备 重工 重装 汽车 汽贸
汽车零部件 零部件 配件 汽配 车辆 客车 农机 轴承 阀门 管业 管道 电气 电器 电机 电子 电缆 线缆 电线 电源 电池 蓄电池
电镀 表面处理 仪表 仪器 模具 五金 工具 标准件 紧固件 弹簧 铸件 锅炉 压力容器 泵业 水泵 制冷 空调 电梯 制造 加工 制品
生产 机械加工 制造业 贸易 商贸 经贸 工贸 物贸 外贸 进出口 国际贸易 国际 供应链 供销 销售 经销 批发 零售 百货 商业 商场
超市 连锁 物资 再生资源 资源 回收 物资回收 废旧物资 废旧物资回收 利用 资源利用 综合利用 循环 环保 环境 环保科技
环境科技 水务 给水 排水 污水处理 节能 节能科技 科技 技术 高科技 信息 信息技术 网络 软件 通信 通讯 数据 智能 智能科技
自动化 电商 电子商务 传媒 广告 文化 文化传播 教育 咨询 管理 企业管理 服务 管理咨询 商务 商务服务 租赁 融资租赁 担保
小额贷款 投资 投资管理 资产管理 实业 实业发展 产业 工业 发展 开发 房地产 房地产开发 置业 地产 物业 物业管理 物业服务
建设 建筑 建筑工程 建设工程 市政 路桥 公路 桥梁 水利 水电 安装 工程 装饰 装修 装潢 园林 绿化 设计 勘察 监理 劳务 运输
货运 客运 物流 仓储 储运 快递 航运 港务 铁路 酒店 宾馆 餐饮 旅游 娱乐 集团 控股 集团控股 股份 联合 企业 经营 研究
设计研究
"""
_TAILS: Final = """
厂 矿 店 社 部 行 场 站 所 院 坊 公司 总公司 总厂 分厂 一厂 二厂 三厂 合作社 专业合作社 农民专业合作社 经营部 门市部
商行 工厂 工作室 中心 研究院 研究所 设计院 企业 个体 作坊
"""
_FORMS: Final = """
股份有限责任公司 股份有限公司 有限责任公司 有限公司 有限责任 责任有限公司 股份公司 集团公司 总公司 公司 有限 股份
普通合伙 有限合伙 特殊普通合伙
个人独资 合伙企业
"""
_WITHIN_PROVINCE: Final = "长春 四平 辽源 通化 白山 松原 白城 延边"
_TWO_OF_A_NAME: Final = "吉林"  # the province, and a city in it: only what follows says which is meant
_SAID_SUFFIXES: Final = (
    "省 市 区 县 开发区 经济开发区 高新区"  # others sound like the first character of many a trade name
)
_LIMITED: Final = "有限公司 有限责任公司 责任有限公司 有限责任 有限"  # one form, written in several ways
_BY_SHARES: Final = "股份有限公司 股份有限责任公司 股份公司 股份"  # the second is none, and often written
_HOLDINGS: Final = "集团 控股 集团控股 集团公司"
_NUMERALS: Final = "零一二三四五六七八九十百千第号0123456789甲乙丙丁东西南北中新老大小"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True)
class Vocabulary:
    """
    The shared words, folded: in characters, or in the sounds of them. `two_of_a_name` are places that keep what follows them;
    `province` makes the province of such a place, which one of `within_province` follows. `weak` are the characters of which a
    trade name cannot consist alone. `limited` and `by_shares` are the spellings of one form each; `holdings` are trades and forms
    of a parent, which is not its subsidiary.
    """

    places: frozenset[str]
    two_of_a_name: frozenset[str]
    place_suffixes: tuple[str, ...]
    trades: frozenset[str]
    tails: frozenset[str]
    forms: tuple[str, ...]
    weak: frozenset[str]
    province: str
    within_province: frozenset[str]
    limited: frozenset[str]
    by_shares: frozenset[str]
    holdings: frozenset[str]

    @cached_property
    def places_by_first(self) -> dict[str, tuple[str, ...]]:
        """The places by their first character, the longest first."""
        return _by_first(self.places)

    @cached_property
    def suffixes_by_first(self) -> dict[str, tuple[str, ...]]:
        """What follows places, by its first character, the longest first."""
        return _by_first(self.place_suffixes)

    @cached_property
    def trades_by_first(self) -> dict[str, tuple[str, ...]]:
        """The trades by their first character, the longest first."""
        return _by_first(self.trades)

    def said(self, sound: Callable[[str], str]) -> Vocabulary:
        """Return the same words as `sound` says them."""
        return Vocabulary(
            places=frozenset(map(sound, self.places)),
            two_of_a_name=frozenset(map(sound, self.two_of_a_name)),
            place_suffixes=tuple(map(sound, _longest_first(_SAID_SUFFIXES))),
            trades=frozenset(map(sound, self.trades)),
            tails=frozenset(map(sound, self.tails)),
            forms=tuple(map(sound, self.forms)),
            weak=frozenset(map(sound, self.weak)),
            province=sound(self.province),
            within_province=frozenset(map(sound, self.within_province)),
            limited=frozenset(map(sound, self.limited)),
            by_shares=frozenset(map(sound, self.by_shares)),
            holdings=frozenset(map(sound, self.holdings)),
        )


def _by_first(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        found.setdefault(word[0], []).append(word)
    return {first: tuple(those) for first, those in found.items()}


def _longest_first(text: str) -> tuple[str, ...]:
    return tuple(sorted(_words(text), key=lambda word: (-len(word), word)))


VOCABULARY: Final = Vocabulary(
    places=_words(_PROVINCES) | _words(_CITIES),
    two_of_a_name=_words(_TWO_OF_A_NAME),
    place_suffixes=_longest_first(_PLACE_SUFFIXES),
    trades=_words(_TRADES),
    tails=_words(_TAILS),
    forms=_longest_first(_FORMS),
    weak=frozenset(_NUMERALS),
    province="省",
    within_province=_words(_WITHIN_PROVINCE),
    limited=_words(_LIMITED),
    by_shares=_words(_BY_SHARES),
    holdings=_words(_HOLDINGS),
)
