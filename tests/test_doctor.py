"""`gonghui doctor`: every trouble of a deployment in the operator's words, and none stops the next look."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.assembly import assemble
from app.checkup import ours, with_wechat
from app.checkup.findings import BAD, DOUBTFUL, GOOD, Finding
from app.checkup.ours import examine
from app.cli import doctor
from app.menus.live import LiveMenus
from app.services import backups, notices
from app.settings import Settings, WeChatAccount
from models import AccountKind, Backup, Follower, MenuRevision
from tests.both_ends import SECRET, WECHAT, Ends, both_ends, settings_for
from tests.bucket import KEY, NAME, a_bucket
from tests.bucket import SECRET as BUCKET_SECRET
from tests.test_settings import PRODUCTION, production

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def given() -> dict[str, Any]:
    return {}


@pytest.fixture
async def ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path, **given), monkeypatch) as joined:
        yield joined


async def findings(ends: Ends) -> dict[str, list[str]]:
    """What doctor says, by its mark."""
    told: dict[str, list[str]] = {GOOD: [], DOUBTFUL: [], BAD: []}
    async for finding in examine(ends.house):
        told[finding.mark].append(finding.what)
    return told


def says(lines: list[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


async def test_a_sound_deployment_has_nothing_to_complain_of(ends: Ends) -> None:
    for _ in range(3):
        await ends.house.rounds.once()  # pushes the menu

    told = await findings(ends)

    assert told[BAD] == []
    for words in (
        "数据库可用",
        "没有设置 Redis",
        "可写可读",
        "公众号回调地址",
        "微信接口可用",
        "与微信上一致",
        "今天还剩",
    ):
        assert says(told[GOOD], words), words


async def test_nobody_on_duty_is_doubtful_and_bad_in_production(ends: Ends) -> None:
    assert says((await findings(ends))[DOUBTFUL], "GONGHUI_CRISIS_OPENIDS")

    ends.house.settings = production()
    assert says([each.what for each in await with_wechat._duty(ends.house)], "GONGHUI_CRISIS_OPENIDS")
    assert [each.mark for each in await with_wechat._duty(ends.house)] == [BAD]


# --- backups


async def of_backups(ends: Ends) -> list[tuple[str, str]]:
    return [(each.mark, each.what) for each in await ours._backups(ends.house)]


async def test_backups_that_are_not_made_are_missed(ends: Ends) -> None:
    assert await of_backups(ends) == []  # nobody backs up a laptop

    ends.house.settings = production()
    (never, own_key) = await of_backups(ends)
    assert (never[0], "还没有备份过" in never[1]) == (DOUBTFUL, True)
    assert (own_key[0], "GONGHUI_BACKUP_KEYS" in own_key[1]) == (DOUBTFUL, True)

    ends.house.settings = production(backup_keys=PRODUCTION["encryption_keys"])
    async with ends.house.database.transaction() as session:
        made_at = ends.house.clock.now()
        made = Backup(made_at=made_at, name="b.ghb", size=1, files=0, sealed_with="k1")
        await backups.remember(session, made)
    ((mark, what),) = await of_backups(ends)
    assert (mark, "用钥匙 k1 加密" in what) == (GOOD, True)

    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Backup).values(made_at=made_at - timedelta(days=3)))
    ((mark, what),) = await of_backups(ends)
    assert (mark, "最近一次备份是" in what) == (DOUBTFUL, True)


async def test_malformed_backup_keys_are_found_before_the_first_backup(ends: Ends) -> None:
    ends.house.settings = production(backup_keys="secret")

    ((mark, what),) = await of_backups(ends)

    assert (mark, "GONGHUI_BACKUP_KEYS 应写成" in what) == (BAD, True)


# --- people on duty


async def on_duty(ends: Ends, *openids: str, **changes: Any) -> list[Finding]:
    changes = {"crisis_openids": openids} | changes
    ends.house.settings = ends.house.settings.model_copy(update=changes)
    return list(await with_wechat._duty(ends.house))


async def test_of_everybody_on_duty_it_is_said_whether_an_alert_would_arrive(ends: Ends) -> None:
    zhao, wang, li = [await ends.platform.follower(name) for name in ("赵敏", "王强", "李娜")]
    for one in (zhao, wang, li):
        await one.says("你好")
    await wang.leaves()
    async with ends.house.database.transaction() as session:
        spent = sa.update(Follower).where(Follower.openid == li.openid).values(spoke_used=5)
        await session.execute(spent)

    told = await on_duty(ends, zhao.openid, wang.openid, li.openid, "oStranger")

    assert [(each.mark, each.what.partition("：")[0]) for each in told] == [
        (DOUBTFUL, "没有给紧急提醒指定模板"),
        (GOOD, f"值班人员…{zhao.openid[-6:]} 还能收 5 条客服消息"),
        (BAD, f"值班人员…{wang.openid[-6:]} 没有关注公众号，收不到提醒"),
        (BAD, f"值班人员…{li.openid[-6:]} 现在收不到提醒"),
        (BAD, "值班人员…ranger 没有和公众号说过话"),
    ]


async def test_with_a_template_a_closed_window_is_no_trouble(ends: Ends) -> None:
    zhao = await ends.platform.follower("赵敏")
    (number,) = [t.template_id for t in await ends.house.wechat.templates.list() if t.title == "值班告警提醒"]
    for template_id, mark in ((number, GOOD), ("gone", BAD)):
        async with ends.house.database.transaction() as session:
            account_id, _ = ends.house.accounts[AccountKind.OFFICIAL]
            chosen = (session, account_id, notices.ALERT, template_id, {"thing1": "事由"}, "张伟")
            await notices.map_template(*chosen, ends.house.clock.now())

        template, person = await on_duty(ends, zhao.openid)

        assert (template.mark, person.mark) == (mark, mark)


async def test_a_menu_file_without_the_word_to_take_an_alert_is_named(ends: Ends) -> None:
    async with ends.house.database.reading() as session:
        (text,) = await session.scalars(sa.select(MenuRevision.text))
    await ends.house.apply_menus(text.replace("say: [接手]", "say: [接班]"), by="test")

    assert says([each.what for each in await on_duty(ends, "oStranger")], "接手", "menus.yaml")


async def test_an_account_that_may_send_nothing_is_told_so(ends: Ends) -> None:
    (only,) = await on_duty(ends, "oZhao", wechat_account=WeChatAccount.UNVERIFIED)

    assert (only.mark, "gonghui alerts list" in only.what) == (BAD, True)


# --- callbacks


async def test_whether_wechat_ever_reached_us_is_said(ends: Ends) -> None:
    assert says((await findings(ends))[DOUBTFUL], "还没有收到过微信给公众号的推送", "启用")

    await (await ends.platform.follower("李娜")).says("你好")
    await ends.house.rounds.once()

    assert says((await findings(ends))[GOOD], "最近一次收到微信给公众号的推送", "原始 ID gh_")


async def test_another_account_at_our_address_is_noticed(ends: Ends) -> None:
    await (await ends.platform.follower("李娜")).says("你好")
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("UPDATE account SET gh_id = 'gh_before'"))

    assert says((await findings(ends))[DOUBTFUL], "不是 gh_before", "别的账号")


async def test_a_service_with_another_token_is_told_from_a_proxy_that_leads_elsewhere(ends: Ends) -> None:
    (_, account), told = ends.house.accounts[AccountKind.OFFICIAL], []
    for url, token in ((ends.house.settings.public_url, "another1"), (WECHAT, account.token)):
        ends.house.settings = ends.house.settings.model_copy(update={"public_url": url})
        changed = type(account)(account.app_id, token, account.aes_key, account.mode)
        told.append(await with_wechat._answers(ends.house, AccountKind.OFFICIAL, changed))

    assert [each.mark for each in told] == [BAD, BAD]
    assert "HTTP 403" in told[0].what
    assert "另一个令牌" in told[0].what
    assert "nginx" in told[1].what


MINIPROGRAM = {
    "miniprogram_app_id": "wx00000000000000aa",
    "miniprogram_app_secret": "0" * 32,
    "miniprogram_token": "minitoken",
    "miniprogram_aes_key": "a" * 43,
}


@pytest.mark.parametrize("given", [MINIPROGRAM])
async def test_a_mini_program_is_asked_for_its_token_and_its_address(ends: Ends) -> None:
    told = await findings(ends)  # WeChat knows no such app id

    assert says(told[GOOD], "小程序回调地址", "/wechat/miniprogram", "回答正确")
    assert says(told[BAD], "小程序接口", "40013", "AppID 不对")


# --- the clock


@pytest.mark.parametrize(("off", "mark"), [(0, GOOD), (120, BAD)])
async def test_the_clock_is_compared_with_any_answer_a_refusal_too(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, off: int, mark: str
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        moment = ends.house.clock.real_now() + timedelta(seconds=off)
        return httpx.Response(404, headers={"date": format_datetime(moment, usegmt=True)})

    def client(**given: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(refuse))

    monkeypatch.setattr(with_wechat, "httpx", SimpleNamespace(**vars(httpx) | {"AsyncClient": client}))
    (finding,) = await with_wechat._clock(ends.house)

    assert finding.mark == mark
    assert ("NTP" in finding.what) is (mark == BAD)


@pytest.mark.parametrize("given", [{"wechat_api_url": NOWHERE}])
async def test_a_wechat_out_of_reach_is_told_with_what_to_do(ends: Ends) -> None:
    told = await findings(ends)

    assert says(told[DOUBTFUL], "没能核对时钟", "防火墙")
    assert says(told[BAD], "微信接口：TryLater", "防火墙")


# --- settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "手机和微信都到不了"),
        ({"public_url": "https://192.168.1.5"}, "手机和微信都到不了"),
        ({"public_url": "https://gonghui"}, "手机和微信都到不了"),
        ({"public_url": "http://gh.example.cn"}, "不是 https"),
        ({"public_url": "https://gh.example.cn:8443"}, "80 和 443"),
        ({"wechat_app_id": "gh_0123456789ab"}, "GONGHUI_WECHAT_APP_ID 应是"),
        ({"wechat_token": "x"}, "GONGHUI_WECHAT_TOKEN 应是"),
        ({"miniprogram_token": "minitoken"}, "没有 GONGHUI_MINIPROGRAM_APP_ID"),
        (MINIPROGRAM | {"miniprogram_app_id": PRODUCTION["wechat_app_id"]}, "与公众号的相同"),
        (MINIPROGRAM | {"miniprogram_token": "a-b"}, "GONGHUI_MINIPROGRAM_TOKEN 应是"),
    ],
)
def test_settings_that_start_and_cannot_work_are_named(changes: dict[str, Any], words: str) -> None:
    sound = {"public_url": "https://gh.example.cn", "wechat_token": "thetoken"}
    changes = changes or {"public_url": "http://127.0.0.1:8000"}
    assert [each.what for each in ours.look_at_settings(production(**sound))] == ["设置完整"]

    (finding,) = ours.look_at_settings(production(**sound | changes))

    assert finding.mark == BAD
    assert words in finding.what


def test_clear_text_is_doubtful() -> None:
    settings = production(public_url="https://gh.example.cn", wechat_token="thetoken", wechat_mode="plain")

    (finding,) = ours.look_at_settings(settings)

    assert (finding.mark, "安全模式" in finding.what) == (DOUBTFUL, True)


# --- the rest


async def test_a_menu_that_was_never_pushed_is_named(ends: Ends) -> None:
    assert says((await findings(ends))[BAD], "菜单第 1 版")


async def test_a_menu_changed_behind_our_back_is_named(ends: Ends) -> None:
    for _ in range(3):
        await ends.house.rounds.once()
    await ends.house.wechat.menus.delete()

    assert says((await findings(ends))[BAD], "菜单第 1 版")


async def test_without_a_menu_the_way_to_one_is_said(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("DELETE FROM menu_push_step"))
        await session.execute(sa.delete(MenuRevision))

    ends.house.menus = LiveMenus(ends.house.database.reading, ends.house.known)

    assert says((await findings(ends))[BAD], "gonghui menus apply")
    assert not says([each.what for each in await on_duty(ends, "oStranger")], "接手")


async def test_a_wrong_secret_is_bad_and_the_rest_is_looked_at(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(database_url, tmp_path, wechat_app_secret="0" * 32)
    async with both_ends(settings, monkeypatch) as ends:
        told = await findings(ends)

    assert says(told[BAD], "微信接口", "NotAllowed", "AppSecret 不对")
    assert says(told[BAD], "接口额度")
    assert says(told[GOOD], "回调地址")
    assert not says([*told[BAD], *told[GOOD]], "0" * 32)


@pytest.mark.parametrize("given", [{"public_url": NOWHERE}])
async def test_a_callback_address_nobody_answers_is_bad(ends: Ends) -> None:
    assert says((await findings(ends))[BAD], "回调地址", "ConnectError", "nginx")


@pytest.mark.parametrize("given", [{"redis_url": "redis://127.0.0.1:1/0"}])
async def test_a_redis_out_of_reach_is_doubtful_only(ends: Ends) -> None:
    assert says((await findings(ends))[DOUBTFUL], "连不上 Redis")


async def test_a_redis_that_answers_is_good(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    settings = settings_for(database_url, tmp_path, redis_url=redis_url)
    async with both_ends(settings, monkeypatch) as ends:
        assert says((await findings(ends))[GOOD], "Redis 可用")


async def test_a_folder_that_takes_no_files_is_bad(ends: Ends, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "files")
    (tmp_path / "files").write_text("a file where the folder should be")

    assert says((await findings(ends))[BAD], "文件目录", "不能写入", "磁盘")


async def test_a_bucket_is_tried_out_too(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bucket() as bucket:
        place = {"files": f"s3://{NAME}", "files_s3_endpoint": bucket.endpoint, "files_s3_key": KEY}
        for secret, mark in ((BUCKET_SECRET, GOOD), (BUCKET_SECRET, BAD)):
            settings = settings_for(sqlite_url, tmp_path, **place, files_s3_secret=secret)
            async with both_ends(settings, monkeypatch) as ends:
                assert says((await findings(ends))[mark], f"对象存储 s3://{NAME}")
            bucket.answers = 403
        assert bucket.objects == {}


async def test_a_quota_that_runs_out_is_doubtful(ends: Ends) -> None:
    path = "/cgi-bin/message/custom/send"
    seen = await (await ends.platform.follower("李娜")).says("人工")
    await ends.answer(re.findall(r"[A-Z]+-\d{4}-\d+", seen.text)[0], "好的")
    await ends.house.rounds.once()
    await ends.platform.ask("POST", "quota", {"path": path, "limit": 1})

    assert says((await findings(ends))[DOUBTFUL], path)


async def test_a_check_with_a_bug_does_not_stop_the_next(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(house: object) -> list[Finding]:
        """数据库."""
        raise KeyError("a bug\nwith a second line")

    monkeypatch.setattr(ours, "_database", broken)

    told = await findings(ends)

    assert says(told[BAD], "数据库：没有查成（KeyError")
    assert says(told[GOOD], "没有设置 Redis")


# --- the command --------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("GONGHUI_SECRET_KEY", SECRET)
    monkeypatch.setenv("GONGHUI_WECHAT_API_URL", WECHAT)
    monkeypatch.setenv("GONGHUI_FILES", str(tmp_path / "files"))
    return monkeypatch


async def test_missing_settings_are_the_first_thing_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(Settings.model_config, "env_file", None)

    assert await doctor._report() == 1
    assert "GONGHUI_SECRET_KEY" in capsys.readouterr().out


async def test_a_database_away_is_said_without_its_password(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("GONGHUI_DATABASE_URL", "postgresql+asyncpg://app:top-secret@127.0.0.1:1/gonghui")

    assert await doctor._report() == 1

    told = capsys.readouterr().out
    assert "连不上数据库" in told
    assert "top-secret" not in told


async def test_an_empty_database_is_told_to_be_migrated_and_nothing_else_is_asked_of_it(
    environment: pytest.MonkeyPatch, empty_url: str, tmp_path: Path
) -> None:
    settings = settings_for(empty_url, tmp_path)
    async with assemble(settings) as house:
        first, second = [finding async for finding in examine(house)]

    assert first.mark == BAD
    assert "gonghui migrate" in first.what
    assert second.what == ours.UNMIGRATED.what
