"""What is looked at together with WeChat: clock, API, callbacks, people on duty, menus, quotas."""

from email.utils import parsedate_to_datetime
from secrets import token_hex

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.assembly import CALLBACKS, House
from app.checkup.findings import GOOD, Finding, bad, doubtful, good
from app.clock import spoken
from app.jobs.menus import drifted
from app.menus.file import read
from app.menus.revisions import live
from app.menus.targets import Do
from app.services import coordination, crisis, notices, on_duty, windows
from app.settings import WeChatAccount
from app.wechat.advice import advice
from app.wechat.crypto import Account, BadCallback, signature
from app.wechat.errors import WeChatError
from app.wechat.incoming import parse
from models import AccountKind, FollowerTag, Message
from models.sealing import SealBroken

SKEW_SECONDS = 60
QUOTA_PATHS = ("/cgi-bin/message/custom/send", "/cgi-bin/menu/create")
NAMES = {AccountKind.OFFICIAL: "公众号", AccountKind.MINIPROGRAM: "小程序"}
LOOKED_AT = 50  # newest messages


async def _clock(house: House) -> list[Finding]:
    """时钟."""
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            answer = await http.get(house.settings.wechat_api_url)  # any answer tells the time, a refusal too
    except httpx.HTTPError as error:
        told = f"访问不到微信接口（{type(error).__name__}），没能核对时钟：请检查网络、代理和防火墙"
        return [doubtful(told)]
    stamp = answer.headers.get("date")
    if not stamp:
        return [doubtful("微信的答复里没有时间，没能核对时钟：请确认本机开着时间同步（NTP）")]
    skew = abs((parsedate_to_datetime(stamp) - house.clock.real_now()).total_seconds())
    if skew < SKEW_SECONDS:
        return [good("时钟准确")]
    return [bad(f"本机时钟与微信相差 {skew:.0f} 秒，会拒绝正常消息：请开启时间同步（NTP）")]


async def _wechat(house: House) -> list[Finding]:
    """微信接口."""
    addresses = await house.wechat.base.callback_ips()
    return [good(f"微信接口可用（{len(addresses)} 个回调来源地址）")]


# --- callbacks ----------------------------------------------------------------------------------------------


async def _callbacks(house: House) -> list[Finding]:
    """回调地址."""
    found = []
    for kind, (account_id, account) in house.accounts.items():
        found.append(await _answers(house, kind, account))
        found += await _heard(house, kind, account_id, account)
    return found


async def _answers(house: House, kind: AccountKind, account: Account) -> Finding:
    """Asked as WeChat asks when the address is entered: through name server, certificate, proxy and token."""
    stamp, nonce, echo = str(int(house.clock.now().timestamp())), token_hex(5), token_hex(8)
    signed = signature(account.token, stamp, nonce)
    query = {"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": echo}
    url = house.settings.public_url + CALLBACKS[kind]
    name = f"{NAMES[kind]}回调地址 {url}"
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            response = await http.get(url, params=query)
    except httpx.HTTPError as error:
        return bad(
            f"{name} 打不开（{type(error).__name__}）：请看服务、nginx、域名解析和证书；"
            "若只是本机访问不了自己的外网地址，用手机流量打开首页试试"
        )
    if response.status_code == httpx.codes.OK and response.text == echo:
        return good(f"{name} 回答正确")
    if response.status_code == httpx.codes.FORBIDDEN:
        todo = "运行着的服务用的是另一个令牌，或时钟不准；改过设置要重启服务"
    else:
        todo = "请看 nginx 是否把 /wechat/ 原样转到了服务"
    return bad(f"{name} 没有正确回答（HTTP {response.status_code}）：{todo}")


async def _heard(house: House, kind: AccountKind, account_id: int, account: Account) -> list[Finding]:
    """Only WeChat can tell whether it reaches us: by having done so."""
    async with house.database.reading() as session:
        kept = await coordination.gh_id(session, account_id)
        mine = sa.select(Message.id, Message.received_at).where(Message.account_id == account_id)
        newest = (await session.execute(mine.order_by(Message.id.desc()).limit(LOOKED_AT))).all()
        if not newest:
            return [
                doubtful(
                    f"还没有收到过微信给{NAMES[kind]}的推送：请在微信平台提交并启用这个地址，再发一句话试试"
                )
            ]
        told = {await _addressee(session, account, row.id) for row in newest} - {None, kept}
    last = f"最近一次收到微信给{NAMES[kind]}的推送：{spoken(newest[0].received_at, house.clock.now())}"
    if kept and (strange := sorted(name for name in told if name)):
        return [
            doubtful(
                f"{last}；有的写给 {'、'.join(strange)}，不是 {kept}：可能有别的账号也填了这个地址，请核对"
            )
        ]
    return [good(last + (f"，原始 ID {kept}" if kept else ""))]


async def _addressee(session: AsyncSession, account: Account, message_id: int) -> str | None:
    try:
        body = await session.scalar(sa.select(Message.body).where(Message.id == message_id))
        return parse(account, body.encode()).to if body else None
    except (SealBroken, BadCallback):
        return None


async def _miniprogram(house: House) -> list[Finding]:
    """小程序接口."""
    if house.miniprogram is None:
        return []
    quota = await house.miniprogram.base.quota(QUOTA_PATHS[0])
    return [good(f"小程序接口可用，客服消息今天还剩 {quota.remain} 次")]


# --- people on duty -----------------------------------------------------------------------------------------


async def _duty(house: House) -> list[Finding]:
    """值班人员."""
    settings = house.settings
    async with house.database.reading() as session:
        openids = await on_duty.list_openids(session, settings.crisis_openids, settings.wechat_app_id)
    if not openids:
        told = (
            "有人流露轻生念头时不会有人收到提醒：请在 GONGHUI_CRISIS_OPENIDS 填值班人员的 openid，"
            "或请能接手紧急提醒的工作人员在工作台关联微信"
        )
        return [doubtful(told) if settings.development else bad(told)]
    if not settings.wechat_account.is_certified:
        told = (
            "未认证账号不能主动发消息，紧急提醒到不了任何人：请专人随时查看 gonghui alerts list，或办理认证"
        )
        return [bad(told)]
    found = await _take_word(house)
    template = await _template(house) if settings.wechat_account is WeChatAccount.SERVICE_VERIFIED else None
    if template is not None:
        found.append(template)
    by_template = template is not None and template.mark == GOOD
    return [*found, *[await _person_on_duty(house, each, by_template) for each in openids]]


async def _take_word(house: House) -> list[Finding]:
    await house.menus.refresh()
    if house.menus.number == 0:
        return []  # that no menu is live is said elsewhere
    match = house.menus.book.exact(crisis.TAKE, house.clock.now())
    if match is not None and isinstance(match.target, Do) and match.target.handler == "crisis.take":
        return []
    return [
        doubtful(
            f"值班人员回复「{crisis.TAKE}」不起作用：请在 menus.yaml 的 keywords 里加上"
            f" {{say: [{crisis.TAKE}], do: crisis.take}}，再运行 gonghui menus apply"
        )
    ]


async def _template(house: House) -> Finding:
    todo = f"请运行 gonghui templates list，再用 gonghui templates use {notices.ALERT} … 指定"
    async with house.database.reading() as session:
        chosen = await notices.find_template(session, house.settings.wechat_app_id, notices.ALERT)
    if chosen is None:
        return doubtful(f"没有给紧急提醒指定模板：值班人员 48 小时没和公众号说话，就收不到提醒。{todo}")
    try:
        known = {template.template_id for template in await house.wechat.templates.list()}
    except WeChatError as error:
        return doubtful(f"没能核对紧急提醒的模板：{advice(error)}")
    if chosen.template_id not in known:
        return bad(f"紧急提醒用的模板 {chosen.template_id} 已不在微信上。{todo}")
    return good("紧急提醒发不出客服消息时，改发模板消息")


async def _person_on_duty(house: House, openid: str, by_template: bool) -> Finding:
    app_id, name = house.settings.wechat_app_id, f"值班人员…{openid[-6:]}"
    async with house.database.reading() as session:
        follower = await session.scalar(windows.of_openid(app_id, openid))
    if follower is None:
        return bad(f"{name} 没有和公众号说过话：请核对 openid，并请他关注公众号、发一句话")
    if not follower.subscribed:
        return bad(f"{name} 没有关注公众号，收不到提醒：请他关注，或从 GONGHUI_CRISIS_OPENIDS 里换人")
    left = windows.left(follower, house.clock.now())
    if left:
        return good(f"{name} 还能收 {left} 条客服消息")
    todo = "请他给公众号发一句话，又能收 5 条"
    if by_template:
        return good(f"{name} 现在收不到客服消息，会收到模板消息；{todo}")
    return bad(f"{name} 现在收不到提醒：{todo}")


# --- menus and quotas ---------------------------------------------------------------------------------------


async def _menus(house: House) -> list[Finding]:
    """菜单."""
    async with house.database.reading() as session:
        revision = await live(session)
        tagged = await session.scalar(sa.select(sa.func.count()).select_from(FollowerTag))
    if revision is None:
        return [bad("还没有生效的菜单：请运行 gonghui menus apply")]
    if not house.settings.wechat_account.is_certified:
        told = f"菜单第 {revision.number} 版生效；未认证账号没有菜单接口，请在微信公众平台手工设置按钮"
        return [doubtful(told)]
    file = read(revision.text, house.known)
    differences = await drifted(house.wechat, file, house.settings.public_url)
    if differences:
        found = [bad(f"菜单第 {revision.number} 版：{line}") for line in differences]
        return [*found, bad("要让微信上的菜单与这一版一致，请运行 gonghui menus push")]
    return [good(f"菜单第 {revision.number} 版与微信上一致（{tagged} 个标签归属）")]


async def _quota(house: House) -> list[Finding]:
    """接口额度."""
    if not house.settings.wechat_account.is_certified:
        return []
    findings = []
    for path in QUOTA_PATHS:
        quota = await house.wechat.base.quota(path)
        line = f"{path} 今天还剩 {quota.remain} 次（共 {quota.daily_limit}）"
        low = quota.daily_limit > 0 and quota.remain < quota.daily_limit / 10
        todo = "：用完后要等零点，急用可在微信公众平台清零（每月 10 次）"
        findings.append(doubtful(line + todo) if low else good(line))
    return findings


CHECKS = (_clock, _wechat, _callbacks, _miniprogram, _duty, _menus, _quota)
