"""What is wrong with a deployment, in the order in which to put it right: every check in turn.

Here are settings and what is ours; what WeChat has a say in is looked at in `with_wechat`. `gonghui doctor`
and the console's status page ask the same.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from app import migrations
from app.assembly import House
from app.checkup import with_wechat
from app.checkup.findings import BAD, DOUBTFUL, GOOD, Finding, about, bad, doubtful, good
from app.clock import shanghai
from app.errors import OperatorError
from app.scanning import Scanner, Verdict
from app.services import backups, privacy_files, verification
from app.services.backups import keys_of
from app.services.workings import Fact, Level
from app.settings import Settings, WeChatMode
from app.wechat.advice import advice
from app.wechat.errors import WeChatError

UNMIGRATED = doubtful("其余各项要等数据库升级以后才能查，到时请再运行一次 gonghui doctor")
PROBE = "doctor00"  # the file that is written and deleted again
APP_ID, TOKEN = re.compile(r"wx[0-9a-f]{16}"), re.compile(r"[A-Za-z0-9]{3,32}")

Check = Callable[[House], Awaitable[Sequence[Finding]]]


async def facts(house: House) -> list[Fact]:
    """The same for a page."""
    found = [about("设置", each) for each in look_at_settings(house.settings)]
    return [_fact(each) for each in [*found, *[each async for each in examine(house)]]]


def _fact(finding: Finding) -> Fact:
    """What to do stands behind the last colon of most sentences."""
    level = {GOOD: Level.GOOD, DOUBTFUL: Level.DOUBTFUL, BAD: Level.BAD}[finding.mark]
    told, split, todo = finding.what.rpartition("：请")
    if not split or level is Level.GOOD:
        return Fact(finding.topic, finding.what, level)
    return Fact(finding.topic, told, level, f"请{todo}")


async def examine(house: House) -> AsyncIterator[Finding]:
    """Every check in turn; one that fails does not keep the next from running."""
    ours = (_database, _redis, _files, _scanner, _backups, _controller, _verification)
    checks: tuple[Check, ...] = (*ours, *with_wechat.CHECKS)
    for check in checks:
        what = (check.__doc__ or "").strip("。. ")
        try:
            findings = await check(house)
        except WeChatError as error:
            findings = [bad(f"{what}：{advice(error)}")]
        except Exception as error:  # whatever it is, the operator wants to read the rest too
            first_line = str(error).partition("\n")[0]
            findings = [
                bad(f"{what}：没有查成（{type(error).__name__} {first_line}），请把这一行告诉维护程序的人")
            ]
        for finding in findings:
            yield about(what, finding)
        if UNMIGRATED in findings:
            return


# --- settings -----------------------------------------------------------------------------------------------


def look_at_settings(settings: Settings) -> list[Finding]:
    """What starts, and yet cannot work."""
    found = [*_identifiers(settings), *_half_a_miniprogram(settings)]
    if settings.development:
        return [*found, good("设置完整（开发环境）")]
    found += _address(settings.public_url)
    if settings.wechat_mode is WeChatMode.PLAIN:
        found.append(
            doubtful("消息是明文的：签名不保护正文，请在微信公众平台改成安全模式，GONGHUI_WECHAT_MODE=safe")
        )
    return found or [good("设置完整")]


def _address(url: str) -> list[Finding]:
    parts = urlsplit(url)
    if _is_inside(parts.hostname or ""):
        return [bad(f"GONGHUI_PUBLIC_URL 是 {url}，手机和微信都到不了：请写成 https://您的域名")]
    found = []
    if parts.scheme != "https":
        found.append(
            bad(f"GONGHUI_PUBLIC_URL 是 {url}，不是 https：请配好证书，写成 https://{parts.hostname}")
        )
    if parts.port not in {None, 80, 443}:
        found.append(bad(f"GONGHUI_PUBLIC_URL 的端口是 {parts.port}，微信只回调 80 和 443：请用 nginx 转发"))
    return found


def _is_inside(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host


def _identifiers(settings: Settings) -> list[Finding]:
    """Malformed ones are refused by WeChat with codes that do not say so."""
    named = {
        "GONGHUI_WECHAT_APP_ID": (APP_ID, settings.wechat_app_id, "wx 加 16 位小写字母和数字"),
        "GONGHUI_WECHAT_TOKEN": (TOKEN, settings.wechat_token.get_secret_value(), "3 到 32 位字母和数字"),
    }
    if settings.miniprogram_app_id:
        token = settings.miniprogram_token.get_secret_value()
        named |= {
            "GONGHUI_MINIPROGRAM_APP_ID": (APP_ID, settings.miniprogram_app_id, "wx 加 16 位小写字母和数字"),
            "GONGHUI_MINIPROGRAM_TOKEN": (TOKEN, token, "3 到 32 位字母和数字"),
        }
    found = [
        bad(f"{name} 应是{rule}，请与微信公众平台核对")
        for name, (pattern, value, rule) in named.items()
        if not pattern.fullmatch(value)
    ]
    if settings.miniprogram_app_id == settings.wechat_app_id:
        found.append(
            bad("GONGHUI_MINIPROGRAM_APP_ID 与公众号的相同：请填小程序自己的 AppID，没有小程序就留空")
        )
    return found


def _half_a_miniprogram(settings: Settings) -> list[Finding]:
    rest = ("miniprogram_app_secret", "miniprogram_token", "miniprogram_aes_key")
    given = [name for name in rest if getattr(settings, name).get_secret_value()]
    if settings.miniprogram_app_id or not given:
        return []
    names = "、".join(f"GONGHUI_{name.upper()}" for name in given)
    return [bad(f"填了 {names}，却没有 GONGHUI_MINIPROGRAM_APP_ID，小程序没有启用：请补上，或清空这几项")]


# --- ours ---------------------------------------------------------------------------------------------------


async def _database(house: House) -> list[Finding]:
    """数据库."""
    revision = await migrations.current(house.database.reader)
    if revision != migrations.newest():
        told = f"数据库版本是 {revision or '空'}，应为 {migrations.newest()}：请运行 gonghui migrate"
        return [bad(told), UNMIGRATED]
    return [good(f"数据库可用，版本 {revision}")]


async def _redis(house: House) -> list[Finding]:
    """Redis."""
    import redis.asyncio as redis  # noqa: PLC0415 - 5 MB that the service's own process need not hold

    if house.settings.redis_url is None:
        return [good("没有设置 Redis：后台工作每几秒自行检查，功能不受影响")]
    client = redis.from_url(house.settings.redis_url, socket_connect_timeout=2)
    try:
        await client.ping()
    except (redis.RedisError, OSError) as error:
        told = f"连不上 Redis（{type(error).__name__}）：功能不受影响，只是慢几秒；请检查 GONGHUI_REDIS_URL"
        return [doubtful(told)]
    finally:
        await client.aclose()
    return [good("Redis 可用")]


async def _controller(house: House) -> list[Finding]:
    """隐私说明."""
    if house.controller == privacy_files.NOT_NAMED:
        where = house.settings.content / "privacy.yaml"
        return [
            doubtful(f"隐私说明里没有写明单位：请写好 {where}（单位、地址、联系方式，见 docs/privacy.md）")
        ]
    return [good(f"隐私说明写明了单位：{house.controller.name}")]


async def _files(house: House) -> list[Finding]:
    """文件."""
    place, bucket = house.settings.files, isinstance(house.settings.files, str)
    name = f"{'对象存储' if bucket else '文件目录'} {place}"
    try:
        await house.files.put(PROBE, b"ok")
        kept = await house.files.get(PROBE)
        await house.files.delete(PROBE)
    except Exception as error:  # obstore's own, and the system's
        todo = "GONGHUI_FILES_S3_ 开头的几项和桶的权限" if bucket else "目录属于谁、磁盘有没有满"
        return [bad(f"{name} 不能写入（{type(error).__name__}）：请检查{todo}")]
    if kept != b"ok":
        return [bad(f"{name} 读回来的不是写进去的：请检查存储")]
    return [good(f"{name} 可写可读")]


async def _scanner(house: House) -> list[Finding]:
    """病毒扫描."""
    command = house.settings.scan_command
    if not command:
        return []
    try:
        said = await Scanner(command).ask(b"gonghui doctor")
    except OperatorError as error:
        return [bad(error.message)]
    if said.verdict is Verdict.CLEAN:
        return [good("病毒扫描可用")]
    why = {
        Verdict.INFECTED: "把一个普通的文字文件说成有病毒（退出码 1）",
        Verdict.UNKNOWN: f"没有查成（{said.words or '退出码不是 0 或 1'}），收到的文件都会扣住",
    }[said.verdict]
    return [bad(f"GONGHUI_SCAN_COMMAND {why}：请在服务器上用同一账号运行这条命令试试")]


async def _backups(house: House) -> list[Finding]:
    """备份."""
    try:
        keys_of(house.settings)
    except OperatorError as error:
        return [bad(error.message)]
    if house.settings.development:
        return []
    async with house.database.reading() as session:
        last = await backups.find_last(session)
    told = "还没有备份过" if last is None else f"最近一次备份是 {shanghai(last.made_at):%Y-%m-%d %H:%M}"
    if last is None or backups.is_late(last, house.clock.now()):
        found = [doubtful(f"{told}：请每天运行一次 gonghui backup，放到另一台机器上")]
    else:
        found = [good(f"{told}，用钥匙 {last.sealed_with} 加密")]
    if not house.settings.backup_keys:
        todo = "用 gonghui keys new --for-backups 生成一把，填进 GONGHUI_BACKUP_KEYS"
        found.append(doubtful(f"备份没有自己的钥匙，用的是数据库的，换下的旧钥匙也得一直留着：请{todo}"))
    return found


async def _verification(house: House) -> list[Finding]:
    """域名校验文件."""
    if _is_inside(urlsplit(house.settings.public_url).hostname or ""):
        return []
    async with house.database.reading() as session:
        found = await verification.list_all(session)
    if found:
        return [good(f"域名校验文件 {len(found)} 个：{'、'.join(each.name for each in found)}")]
    return [
        doubtful(
            "没有域名校验文件：在微信公众平台设置网页授权域名、JS 接口安全域名时会让您下载，"
            "用 gonghui verification add 放上"
        )
    ]
