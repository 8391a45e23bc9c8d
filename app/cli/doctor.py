"""`gonghui doctor`: what is wrong with this deployment, in the order in which to put it right."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from secrets import token_hex

import httpx
import redis.asyncio as redis
import sqlalchemy as sa
import typer

from app import migrations
from app.assembly import CALLBACKS, House, assemble
from app.database import Database
from app.errors import OperatorError
from app.menus.buttons import drift
from app.menus.file import read
from app.menus.revisions import live
from app.settings import Settings, WeChatAccount, load_settings
from app.wechat.crypto import signature
from models import AccountKind, FollowerTag

GOOD, DOUBTFUL, BAD = "✓", "!", "✗"
SKEW_SECONDS = 60
PATIENCE_SECONDS = 10
QUOTA_PATHS = ("/cgi-bin/message/custom/send", "/cgi-bin/menu/create")


@dataclass(frozen=True, slots=True)
class Finding:
    mark: str
    what: str


def good(what: str) -> Finding:
    return Finding(GOOD, what)


def doubtful(what: str) -> Finding:
    return Finding(DOUBTFUL, what)


def bad(what: str) -> Finding:
    return Finding(BAD, what)


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor() -> None:
    """检查部署，说出哪里不对。

    依次看设置、数据库、Redis、文件、值班、回调地址、微信接口、时钟、菜单和额度；有问题时退出码为 1。
    """
    raise typer.Exit(asyncio.run(_report()))


async def _report() -> int:
    try:
        settings = load_settings()
    except OperatorError as error:
        typer.echo(f"{BAD} {error.message}")
        return 1
    typer.echo(f"{GOOD} 设置完整" + ("（开发环境）" if settings.development else ""))
    worst = 0
    async for finding in _findings(settings):
        typer.echo(f"{finding.mark} {finding.what}")
        worst = max(worst, int(finding.mark == BAD))
    return worst


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing opens without a database, so it is looked at first."""
    trouble = await _trouble(settings)
    if trouble is not None:
        yield bad(trouble)
        return
    async with assemble(settings) as house:
        async for finding in examine(house):
            yield finding


async def _trouble(settings: Settings) -> str | None:
    database = Database(settings.database_url)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await migrations.current(database.reader)
    except Exception as error:
        where = database.url.render_as_string(hide_password=True)
        return f"连不上数据库 {where}（{type(error).__name__}）：先让它运行起来，其余检查都要用到它"
    finally:
        await database.close()
    return None


Check = Callable[[House], Awaitable[Sequence[Finding]]]


async def examine(house: House) -> AsyncIterator[Finding]:
    """Every check in turn; one that fails does not keep the next from running."""
    checks: tuple[Check, ...] = (
        _database,
        _redis,
        _files,
        _duty,
        _callback,
        _wechat,
        _menus,
        _quota,
    )
    for check in checks:
        try:
            for finding in await check(house):
                yield finding
        except Exception as error:  # whatever it is, the operator wants to read the rest too
            what = (check.__doc__ or "").strip("。. ")
            first_line = str(error).partition("\n")[0]
            yield bad(f"{what}：{type(error).__name__} {first_line}")


async def _database(house: House) -> list[Finding]:
    """数据库."""
    revision = await migrations.current(house.database.reader)
    if revision != migrations.newest():
        return [bad(f"数据库版本是 {revision or '空'}，应为 {migrations.newest()}：请运行 gonghui migrate")]
    return [good(f"数据库可用，版本 {revision}")]


async def _redis(house: House) -> list[Finding]:
    """Redis."""
    if house.settings.redis_url is None:
        return [good("没有设置 Redis：后台工作每几秒自行检查，功能不受影响")]
    client = redis.from_url(house.settings.redis_url, socket_connect_timeout=2)
    try:
        await client.ping()
    except (redis.RedisError, OSError) as error:
        return [doubtful(f"连不上 Redis（{type(error).__name__}）：功能不受影响，只是慢几秒")]
    finally:
        await client.aclose()
    return [good("Redis 可用")]


async def _files(house: House) -> list[Finding]:
    """文件目录."""

    def write() -> None:
        folder = Path(house.settings.files)
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{token_hex(4)}"
        probe.write_bytes(b"ok")
        probe.unlink()

    try:
        await asyncio.to_thread(write)
    except OSError as error:
        return [bad(f"文件目录 {house.settings.files} 不能写入（{error.strerror}）")]
    return [good(f"文件目录 {house.settings.files} 可写")]


async def _duty(house: House) -> list[Finding]:
    """值班人员."""
    number = len(house.settings.crisis_openids)
    if number == 0:
        return [doubtful("没有设置 GONGHUI_CRISIS_OPENIDS：有人流露轻生念头时不会有人收到提醒")]
    return [good(f"危机提醒发给 {number} 人；他们每两天要给公众号发一条消息，否则微信不让发给他们")]


async def _callback(house: House) -> list[Finding]:
    """回调地址."""
    _, account = house.accounts[AccountKind.OFFICIAL]
    stamp, nonce, echo = str(int(house.clock.now().timestamp())), token_hex(5), token_hex(8)
    query = {
        "signature": signature(account.token, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "echostr": echo,
    }
    url = house.settings.public_url + CALLBACKS[AccountKind.OFFICIAL]
    async with httpx.AsyncClient(timeout=5) as http:
        response = await http.get(url, params=query)
    if response.status_code != httpx.codes.OK or response.text != echo:
        return [bad(f"回调地址 {url} 没有正确回答（HTTP {response.status_code}）")]
    return [good(f"回调地址 {url} 回答正确")]


async def _wechat(house: House) -> list[Finding]:
    """微信接口与时钟."""
    addresses = await house.wechat.base.callback_ips()
    findings = [good(f"微信接口可用（{len(addresses)} 个回调来源地址）")]
    async with httpx.AsyncClient(timeout=5) as http:
        answer = await http.get(house.settings.wechat_api_url)
    if stamp := answer.headers.get("date"):
        skew = abs((parsedate_to_datetime(stamp) - house.clock.real_now()).total_seconds())
        findings.append(
            good("时钟准确")
            if skew < SKEW_SECONDS
            else bad(f"本机时钟与微信相差 {skew:.0f} 秒，会拒绝正常消息，请校准（NTP）")
        )
    return findings


async def _menus(house: House) -> list[Finding]:
    """菜单."""
    async with house.database.reading() as session:
        revision = await live(session)
        tagged = await session.scalar(sa.select(sa.func.count()).select_from(FollowerTag))
    if revision is None:
        return [bad("还没有生效的菜单：请运行 gonghui menus apply")]
    if house.settings.wechat_account is WeChatAccount.UNVERIFIED:
        return [doubtful(f"菜单第 {revision.number} 版生效；未认证账号不能用接口推送菜单")]
    answer = await house.wechat.menus.get()
    tags = {tag.name: tag.id for tag in await house.wechat.tags.list()}
    file = read(revision.text, house.known)
    differences = drift(file, house.settings.public_url, answer.raw, tags)
    if differences:
        found = [bad(f"菜单第 {revision.number} 版：{line}") for line in differences]
        return [*found, bad("要让微信上的菜单与这一版一致，请运行 gonghui menus push")]
    return [good(f"菜单第 {revision.number} 版与微信上一致（{tagged} 个标签归属）")]


async def _quota(house: House) -> list[Finding]:
    """接口额度."""
    findings = []
    for path in QUOTA_PATHS:
        quota = await house.wechat.base.quota(path)
        line = f"{path} 今天还剩 {quota.remain} 次（共 {quota.daily_limit}）"
        low = quota.daily_limit > 0 and quota.remain < quota.daily_limit / 10
        findings.append(doubtful(line) if low else good(line))
    return findings
