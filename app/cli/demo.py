"""`gonghui demo`: service and sandbox side by side, for a first look; they end together."""

import asyncio
import os
import secrets
import signal
import string
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from app.assembly import House, assemble
from app.cli import demo_after, demo_door, demo_office, demo_places, demo_posters, demo_story
from app.cli.demo_office import Office
from app.cli.demo_story import Scene, Story, StoryClock
from app.clock import Clock, SystemClock, civil_date
from app.preparing import prepare
from app.services import (
    activities,
    activity_files,
    article_files,
    articles,
    customer_registers,
    customer_sheets,
    members,
    quotas,
    roster_sheets,
    rosters,
    staff,
)
from app.settings import Settings, load_settings
from models import Role

LOOPBACK = "127.0.0.1"
CLOCK = "data/clock"
BY = "演示"
SERVICE, SANDBOX = "服务", "手机（微信替身）"
PATIENCE_SECONDS = 30  # longer than what is at work may take


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    port: int = typer.Option(8000, help="服务端口"),
    sandbox_port: int = typer.Option(8001, help="手机页面的端口"),
) -> None:
    """第一次运行：写好 .env，启动服务和一部手机，打开浏览器就能试。"""
    _first_settings(port, sandbox_port)
    environment = os.environ | {
        "GONGHUI_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "GONGHUI_WECHAT_API_URL": f"http://{LOOPBACK}:{sandbox_port}",
    }
    commands: dict[str, tuple[str, ...]] = {
        SERVICE: ("app", "serve", "--watch", "--port", str(port)),
        SANDBOX: ("sandbox", "--port", str(sandbox_port)),
    }
    os.environ |= environment
    if load_settings().clock_file is None:  # else the phone's time would move without the service's
        environment["GONGHUI_CLOCK_FILE"] = os.environ["GONGHUI_CLOCK_FILE"] = CLOCK
    story = load_settings().content / "demo" / "story.yaml"
    if story.exists():
        commands[SANDBOX] += tuple(f"--following={name}" for name in demo_story.names(story))
    link, others = asyncio.run(_demonstration())
    console = f"http://{LOOPBACK}:{port}/console"
    typer.echo(f"手机：http://{LOOPBACK}:{sandbox_port}    服务：http://{LOOPBACK}:{port}    Ctrl+C 结束")
    typer.echo(f"工作台：先打开 {link} 给 admin 设密码" if link else f"工作台：{console}")
    if others:
        typer.echo(others)
    sys.exit(asyncio.run(_run(commands, environment)))


def _first_settings(port: int, sandbox_port: int) -> None:
    """A `.env` for development, where there is none."""
    path = Path(".env")
    if path.exists() or os.environ.get("GONGHUI_SECRET_KEY"):
        return
    path.write_text(
        f"# 开发环境设置；全部设置见 .env.example\n"
        f"GONGHUI_SECRET_KEY={secrets.token_hex(32)}\n"
        f"GONGHUI_WECHAT_API_URL=http://{LOOPBACK}:{sandbox_port}\n"
        f"GONGHUI_PUBLIC_URL=http://{LOOPBACK}:{port}\n"
        f"GONGHUI_CLOCK_FILE={CLOCK}\n"
        f"GONGHUI_LOG_FORMAT=text\n" + _miniprogram(),
        encoding="utf-8",
    )
    path.chmod(0o600)
    typer.echo("已写好 .env（开发环境）")


def _miniprogram() -> str:
    """Settings of a mini-program that is nowhere but in the sandbox: its keys are never derived."""
    letters = string.ascii_letters + string.digits
    aes_key = "".join(secrets.choice(letters) for _ in range(43))
    return (
        f"# 沙盒里的小程序，值是随机的；不要小程序就删掉这四行\n"
        f"GONGHUI_MINIPROGRAM_APP_ID=wx{secrets.token_hex(8)}\n"
        f"GONGHUI_MINIPROGRAM_APP_SECRET={secrets.token_hex(16)}\n"
        f"GONGHUI_MINIPROGRAM_TOKEN={secrets.token_hex(16)}\n"
        f"GONGHUI_MINIPROGRAM_AES_KEY={aes_key}\n"
    )


async def _demonstration() -> tuple[str, str]:
    settings = load_settings()
    return await demonstrate(settings, SystemClock(settings.clock_file))


async def demonstrate(settings: Settings, own: Clock) -> tuple[str, str]:
    """What there is to look at, loaded at the first start; what is there later is left alone.

    Returns the link by which the first account of the console gets its password, as long as it has none, and
    how the others sign in.
    """
    await prepare(settings)
    clock = StoryClock(own)
    async with assemble(settings, clock=clock) as house:
        folder = settings.content / "demo"
        await _news(house, folder)
        await _members(house, folder)
        await _accounts(house, folder)
        async with house.database.reading() as session:
            is_new = not await staff.any_at_all(session)
        link = await _staff(house)
        if not (folder / "office.yaml").exists():
            return link, ""
        office = demo_office.load(folder / "office.yaml")
        if is_new:
            await demo_places.furnish(house, folder)
            await demo_places.announce(house)
            await demo_posters.hang(house)
            typer.echo("正在准备演示的人和事，只有这一次，请稍等几秒…")
            await _story(house, clock, office, demo_story.load(folder / "story.yaml"))
        return link, await demo_office.how_to_sign_in(house, office)


async def _news(house: House, folder: Path) -> None:
    now = house.clock.now()
    async with house.database.transaction() as session:
        if await articles.list_published(session, now, 1) or await activities.list_ahead(session, now, 1):
            return
        await articles.load(session, article_files.load(folder / "news"), now)
        for planned in activity_files.load(folder / "activities.yaml"):
            by_branch = await quotas.from_names(session, planned.quotas)
            values = planned.values(civil_date(now), by_branch)
            made = await activities.create(session, values, by=BY, now=now)
            await activities.publish(session, made.public_id, by=BY, now=now)


async def _members(house: House, folder: Path) -> None:
    async with house.database.reading() as session:
        if await members.any_at_all(session):
            return
    roster = roster_sheets.load_csv(folder / "roster.csv", civil_date(house.clock.now()))
    await rosters.apply(house.database, house.clock, roster.rows, by=BY)


async def _accounts(house: House, folder: Path) -> None:
    async with house.database.reading() as session:
        if await customer_registers.any_at_all(session):
            return
    register = customer_sheets.look(folder / "accounts.csv", civil_date(house.clock.now()))
    await customer_registers.apply(house.database, house.clock, register, by=BY)


async def _story(house: House, clock: StoryClock, office: Office, scenes: Sequence[Scene]) -> None:
    """An office that works, and what was brought to it in the last two weeks."""
    today = civil_date(clock.now())
    clock.tell(demo_story.opening(today))
    known = await demo_office.people(house, office)
    await demo_office.furnish(house, office, known, today)
    await Story(house, clock, known, today).tell(scenes)
    await demo_door.open_door(house, known)
    await demo_after.remember(house, known)


async def _staff(house: House) -> str:
    """Somebody who may do everything, to try it with."""
    async with house.database.transaction() as session:
        now = house.clock.now()
        if not await staff.any_at_all(session):
            roles = [staff.Wanted(role) for role in Role]
            made = await staff.invite(session, "admin", "演示管理员", roles, by=None, now=now)
            secret = made.secret
        elif (found := await staff.find_invited(session, "admin")) is not None:
            secret = await staff.reset(session, found, by=None, now=now)
        else:
            return ""
    return f"{house.settings.public_url}/console/invited/{secret}"


async def _run(commands: dict[str, tuple[str, ...]], environment: dict[str, str]) -> int:
    """Run all until we are told to end, or one of them ends by itself; the exit code."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # before there is anybody to leave behind
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` means it
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
    children: dict[str, Process] = {}
    try:
        for name, words in commands.items():
            children[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *words, env=environment
            )
        told = asyncio.create_task(asked.wait())
        ends = {asyncio.create_task(child.wait()): name for name, child in children.items()}
        done, _ = await asyncio.wait({told, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if told in done:
            typer.echo("正在结束…")
            return 0
        told.cancel()
        return _mourn([(name, task.result()) for task, name in ends.items() if task in done])
    finally:
        await asyncio.gather(*(_end(child) for child in children.values()))


def _mourn(dead: list[tuple[str, int]]) -> int:
    """Say who ended unasked and where to look; never 0, as nobody wanted this."""
    for name, code in dead:
        how = f"退出码 {code}" if code >= 0 else f"被信号 {signal.Signals(-code).name} 终止"
        typer.echo(
            f"{name}自己停了（{how}），所以一起结束。原因在上面它最后打印的几行里；"
            "端口被占用时，用 --port、--sandbox-port 换一个。",
            err=True,
        )
    code = dead[0][1]
    return code if code > 0 else 128 - code if code < 0 else 1


async def _end(child: Process) -> None:
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
