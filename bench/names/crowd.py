"""A crowd of made-up enterprises, as many as wanted, among whom somebody is looked for."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.enterprises import Authority
from credit_sanction_service.domain.facts import MeasureFacts, RecordFacts
from credit_sanction_service.domain.terms import ALL_AREAS, State
from credit_sanction_service.store.facts import pack_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_sanction_service.store.facts import PackedRecords

TODAY: Final = date(2026, 11, 23)
_CHUNK: Final = 2_000
_PLACES: Final = """
长春市 长春 吉林省长春市 长春市绿园区 吉林市 四平市 德惠市 农安县 沈阳市 大连 哈尔滨市 北京 天津市
石家庄市 唐山市 太原市 济南市 青岛 郑州市 武汉市 长沙市 广州市 成都市 西安市 兰州市 昆明市 南宁市
合肥市 南京市 苏州市
"""
# Every trade name has one of the first, which say that it is none, and one to three of the others.
_MADE_UP: Final = "虚幻拟梦乌臆"
_CHARACTERS: Final = (
    "金嘉宏鑫盛源恒信德泰华兴隆瑞丰永顺安康宇辉腾飞祥诚远航洋林森木石玉珠光亮星辰阳春秋云松柏竹梅兰荷桂杨柳桃楠达利"
    "通运捷凯旋赢邦博睿卓越锐创维联佳益万亿千百双三友谊和平正大明亚欧美富贵福禄寿喜龙凤麒麟鹏鹰虎豹狮象海江河湖山川"
    "峰岭天地日月风雷雨雪冰霜红橙黄绿青蓝紫黑白银铜铁锡铝"
)
_TRADES: Final = """
钢铁 水泥 煤业 玻璃 铝业 机械制造 化工 建材 商贸 实业 环保科技 热力 食品 运输 建筑工程 铸造 冶金
造纸 陶瓷 焦化 电力设备 耐火材料 石灰 有色金属 再生资源 平板玻璃 纺织 皮革 汽车配件 粮油 科技 贸易
投资 物流 农业开发 房地产开发 装饰工程 电子 医药 酒店管理
"""
_FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司", "厂")
_PATTERN: Final = RecordFacts(
    id="",
    version=1,
    state=State.LISTED,
    code="",
    enterprise_name="",
    former_names=(),
    numbers=(),
    since=date(2026, 10, 24),
    last_day=date(2029, 10, 23),
    measures=tuple(MeasureFacts(area=area, end=date(2029, 10, 23)) for area in ALL_AREAS),
    authority=Authority(code="11220100FAKEA0015G", name="虚构市工业和信息化局"),
    document_number="虚构认字〔2026〕1号",
    catalogue_edition="2026-1",
    district="220100",
    ever_listed=True,
)


def listed(number: int, code: str, name: str, former_names: tuple[str, ...] = ()) -> RecordFacts:
    """Return a listed record of an enterprise."""
    return replace(_PATTERN, id=f"{number:032x}", code=code, enterprise_name=name, former_names=former_names)


def crowd(size: int, *, seed: int = 1) -> Iterator[RecordFacts]:
    """Yield records of as many enterprises, always the same ones. Their codes are none that any register would give."""
    chance = random.Random(seed)  # noqa: S311 - the same names every time
    places, trades = _PLACES.split(), _TRADES.split()
    for number in range(size):
        core = chance.sample(_CHARACTERS, chance.choice((1, 2, 2, 3)))
        core.insert(chance.randrange(len(core) + 1), chance.choice(_MADE_UP))
        words = (chance.choice(places), "".join(core), chance.choice(trades), chance.choice(_FORMS))
        yield listed(number, f"90000000{number:010d}", "".join(words))


def packed(records: Iterable[RecordFacts]) -> Iterator[PackedRecords]:
    """Yield the records as an index takes them in."""
    chunk: list[RecordFacts] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == _CHUNK:
            yield pack_records(chunk)
            chunk = []
    yield pack_records(chunk)
