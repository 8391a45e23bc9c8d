"""How the service does, told from its database and its disk alone: what, how it is, what to do.

Quick enough to be looked at every few seconds. What WeChat has to be asked for is not here (`app.checkup`).
"""

import platform
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, shanghai, spoken
from app.services import backups, delivery_log, figures, message_log
from app.services.figures import Figures
from app.settings import Settings
from models import (
    AccessToken,
    DeliveryState,
    JobState,
    Message,
    MessageState,
    PushCount,
    PushTrouble,
    StaffJob,
)

GIGABYTE: Final = 2**30
LATE_SHARE: Final = 0.02  # of the messages of an hour: more came late than a hiccup explains
QUEUE_SECONDS: Final = (60, 600)  # doubtful, bad
FREE_SHARE: Final = (0.15, 0.05)  # of the disk: doubtful, bad
FREE_LEAST: Final = 2 * GIGABYTE

PUSHES: Final = {
    PushTrouble.REPEATED: "微信重发",
    PushTrouble.SILENT: "没来得及存下、等微信重发",
    PushTrouble.CROWDED: "太忙、请对方再发一次",
    PushTrouble.REFUSED: "不是微信发来的，已拒绝",
}


class Level(StrEnum):
    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"

    @property
    def label(self) -> str:
        return {"good": "正常", "doubtful": "留意", "bad": "要处理"}[self.value]


@dataclass(frozen=True, slots=True)
class Fact:
    topic: str
    value: str
    level: Level = Level.GOOD
    todo: str = ""
    to: str = ""  # where in the console it can be looked at


@dataclass(frozen=True, slots=True)
class Program:
    """What runs here: its settings, and the revision of the database that it was made for."""

    settings: Settings
    revision: str


async def look(session: AsyncSession, program: Program, *, now: datetime, real_now: datetime) -> list[Fact]:
    """Every fact, in the order in which to put things right."""
    found = await figures.read(session, now)
    return [
        *await _database(session, program.revision),
        *_disks(program.settings),
        *await _callbacks(session, now),
        *await _tokens(session, program.settings, real_now),
        *await _queue(session, found, now),
        *_people(found),
        _menus(found),
        await _jobs(session),
        await _backups(session, program.settings, now),
        Fact("程序", f"{_release()}Python {platform.python_version()}，需要数据库版本 {program.revision}"),
    ]


@cache
def _release() -> str:
    """The program's own version; nothing of ours is installed as a package that could be asked for it."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    if not project.exists():
        return ""
    return f"{tomllib.loads(project.read_text(encoding='utf-8'))['project']['version']} 版，"


# --- database and disk -------------------------------------------------------------------------------------


async def _database(session: AsyncSession, newest: str) -> list[Fact]:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    asked = "SELECT sqlite_version()" if is_sqlite else "SHOW server_version"
    version = str(await session.scalar(sa.text(asked))).split()[0]
    size = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if is_sqlite
        else "SELECT pg_database_size(current_database())"
    )
    used = int(await session.scalar(sa.text(size)) or 0)
    name = "SQLite" if is_sqlite else "PostgreSQL"
    revision = await session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if revision != newest:
        told = f"{revision}，应为 {newest}"
        found = Fact("数据库升级", told, Level.BAD, "请在服务器上运行 gonghui migrate")
    else:
        found = Fact("数据库升级", f"已是最新（{revision}）")
    return [Fact("数据库", f"{name} {version}，{_bytes(used)}"), found]


def _disks(settings: Settings) -> list[Fact]:
    """The disks that files and a database of one file lie on; what lies elsewhere nobody sees from here."""
    places: dict[str, Path] = {}
    if isinstance(settings.files, Path):
        places["文件所在磁盘"] = settings.files
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        places["数据库所在磁盘"] = Path(url.database).parent
    return [fact for name, place in places.items() if (fact := _disk(name, place)) is not None]


def _disk(name: str, place: Path) -> Fact | None:
    there = next((each for each in (place, *place.absolute().parents) if each.exists()), None)
    if there is None:
        return None
    usage = shutil.disk_usage(there)
    share, told = usage.free / usage.total, f"还剩 {_bytes(usage.free)}，共 {_bytes(usage.total)}"
    if share < FREE_SHARE[1] or usage.free < FREE_LEAST / 4:
        return Fact(name, told, Level.BAD, "磁盘快满了：请马上清出空间或扩容，满了就收不了消息")
    if share < FREE_SHARE[0] or usage.free < FREE_LEAST:
        return Fact(name, told, Level.DOUBTFUL, "请清出空间或扩容")
    return Fact(name, told)


def _bytes(number: float) -> str:
    for unit in ("字节", "KB", "MB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GB"


# --- messages ----------------------------------------------------------------------------------------------


async def _callbacks(session: AsyncSession, now: datetime) -> list[Fact]:
    last = await session.scalar(sa.select(Message.received_at).order_by(Message.received_at.desc()).limit(1))
    if last is None:
        todo = "请在微信公众平台提交并启用回调地址，再发一句话试试"
        return [Fact("微信回调", "还没有收到过推送", Level.DOUBTFUL, todo), await _pushed(session, now)]
    found = [
        await _came(session, "最近一小时的消息", now - timedelta(hours=1)),
        await _came(session, "最近一天的消息", now - timedelta(days=1)),
        await _pushed(session, now),
    ]
    told = f"最近一次收到推送：{spoken(last, now)}"
    if now - last > timedelta(days=1):
        todo = "一天没有收到了：请按「现在检查」看回调地址通不通"
        return [Fact("微信回调", told, Level.DOUBTFUL, todo), *found]
    return [Fact("微信回调", told), *found]


async def _pushed(session: AsyncSession, now: datetime) -> Fact:
    """What messages do not tell: pushes that came again, and those that left none behind."""
    chosen = sa.select(PushCount.trouble, PushCount.count).where(PushCount.day == civil_date(now))
    counted: dict[PushTrouble, int] = dict((await session.execute(chosen)).all())
    told = [f"{words} {counted[each]:,} 次" for each, words in PUSHES.items() if counted.get(each)]
    if not told:
        return Fact("今天的推送", "没有重发，也没有漏下")
    fact = Fact("今天的推送", "，".join(told))
    if not counted.keys() & {PushTrouble.SILENT, PushTrouble.CROWDED}:
        return fact
    todo = "有几次没来得及存下：请看那时服务器忙不忙，数据库和磁盘是否正常"
    return replace(fact, level=Level.DOUBTFUL, todo=todo)


async def _came(session: AsyncSession, topic: str, since: datetime) -> Fact:
    """Who WeChat asked twice got one row: what is counted as run again is what we ran again ourselves."""
    rows = await session.execute(
        sa.select(Message.state, sa.func.count(), sa.func.count().filter(Message.tries > 0))
        .where(Message.received_at >= since)
        .group_by(Message.state)
    )
    by_state, again = dict[MessageState, int](), 0
    for state, number, repeated in rows:
        by_state[state], again = number, again + repeated
    total, failed = sum(by_state.values()), by_state.get(MessageState.FAILED, 0)
    late = sum(by_state.get(state, 0) for state in message_log.LATE)
    if not total:
        return Fact(topic, "没有消息")
    told = f"{total:,} 条：及时答复 {by_state.get(MessageState.ANSWERED, 0):,}，迟答 {late:,}"
    told += f"，失败 {failed:,}，重新处理过 {again:,}"
    if failed:
        todo = "请看失败的消息，修好以后重新处理"
        return Fact(topic, told, Level.BAD, todo, "/console/messages?trouble=failed")
    if late > total * LATE_SHARE:
        todo = "请看迟答的消息集中在哪条规则，再看服务器忙不忙"
        return Fact(topic, told, Level.DOUBTFUL, todo, "/console/messages?trouble=late")
    return Fact(topic, told, to="/console/messages")


async def _tokens(session: AsyncSession, settings: Settings, real_now: datetime) -> list[Fact]:
    named = {settings.wechat_app_id: "公众号令牌", settings.miniprogram_app_id: "小程序令牌"}
    named.pop("", None)
    rows = await session.execute(sa.select(AccessToken.app_id, AccessToken.expires_at))
    expiries: dict[str, datetime] = dict(rows.all())
    return [_token(name, expiries.get(app_id), real_now) for app_id, name in named.items()]


def _token(name: str, expires_at: datetime | None, real_now: datetime) -> Fact:
    if expires_at is None:
        return Fact(name, "还没有取过", Level.DOUBTFUL, "请按「现在检查」，看微信给不给")
    minutes = int((expires_at - real_now).total_seconds()) // 60
    if minutes < 0:
        return Fact(name, f"{shanghai(expires_at):%m-%d %H:%M} 过期，下次要用时会自己换")
    return Fact(name, f"有效，还有 {minutes} 分钟，会自己换")


# --- what waits --------------------------------------------------------------------------------------------


async def _queue(session: AsyncSession, found: Figures, now: datetime) -> list[Fact]:
    waiting = sum(found.waiting.values())
    told = f"{waiting:,} 条" + (
        f"，最早的已到时间 {found.late_seconds:,.0f} 秒" if found.late_seconds else ""
    )
    level, todo = Level.GOOD, ""
    if found.late_seconds > QUEUE_SECONDS[0]:
        level = Level.BAD if found.late_seconds > QUEUE_SECONDS[1] else Level.DOUBTFUL
        todo = "请看发送情况里的原因；微信调用次数用完的，零点以后会自己发"
    address = "/console/deliveries"
    facts = [Fact("等待发送", told, level, todo, f"{address}?state=failed_retry" if todo else address)]
    todos = {
        DeliveryState.FAILED: "请看原因，能重发的重发",
        DeliveryState.UNKNOWN: "可能到了，不能重发：要紧的请在办理的地方问一问对方",
    }
    for state, words in todos.items():
        number = await delivery_log.count_lately(session, state, now)
        level, todo = (Level.DOUBTFUL, words) if number else (Level.GOOD, "")
        name = f"7 天内{delivery_log.STATES[state]}"
        facts.append(Fact(name, f"{number:,} 条", level, todo, f"{address}?state={state}"))
    return facts


def _people(found: Figures) -> list[Fact]:
    alerts = f"{found.alerts_untaken} 件没人接手"
    if found.alerts_unreached:
        alert = Fact(
            "紧急提醒",
            f"{alerts}，其中 {found.alerts_unreached} 件没有提醒到任何人",
            Level.BAD,
            "请马上打电话给值班人员",
        )
    else:
        alert = Fact("紧急提醒", alerts, Level.BAD if found.alerts_untaken else Level.GOOD)
    late = {"咨询": found.consultations_overdue, "入会和法律援助申请": found.applications_overdue}
    return [
        alert,
        *(
            Fact(f"超时的{name}", f"{number:,} 件", Level.DOUBTFUL if number else Level.GOOD)
            for name, number in late.items()
        ),
    ]


def _menus(found: Figures) -> Fact:
    if not found.menu_applied:
        return Fact("菜单", "还没有生效的菜单", Level.BAD, "请在菜单页应用一版，或运行 gonghui menus apply")
    if found.menu_pushed < found.menu_applied:
        told = f"第 {found.menu_applied} 版已生效，微信上还是第 {found.menu_pushed} 版"
        return Fact("菜单", told, Level.DOUBTFUL, "一般几秒就推完；一直这样，请运行 gonghui menus push")
    return Fact("菜单", f"第 {found.menu_applied} 版已生效，也推给了微信")


async def _jobs(session: AsyncSession) -> Fact:
    rows = await session.execute(sa.select(StaffJob.state, sa.func.count()).group_by(StaffJob.state))
    counts: dict[JobState, int] = dict(rows.all())
    failed = counts.get(JobState.FAILED, 0)
    told = (
        f"等待 {counts.get(JobState.WAITING, 0)}，进行中 {counts.get(JobState.RUNNING, 0)}，没有办成 {failed}"
    )
    return Fact("任务", told, Level.DOUBTFUL if failed else Level.GOOD, to="/console/jobs")


async def _backups(session: AsyncSession, settings: Settings, now: datetime) -> Fact:
    last = await backups.find_last(session)
    told = "还没有备份过" if last is None else f"最近一次是 {shanghai(last.made_at):%Y-%m-%d %H:%M}"
    if backups.is_late(last, now) and not settings.development:
        todo = "请每天运行一次 gonghui backup，放到另一台机器上"
        return Fact("备份", told, Level.DOUBTFUL, todo)
    return Fact("备份", told)


def worst(facts: Sequence[Fact]) -> Level:
    levels = {fact.level for fact in facts}
    return next((level for level in (Level.BAD, Level.DOUBTFUL) if level in levels), Level.GOOD)
