"""`gonghui doctor` on a menu that WeChat has otherwise: what differs, and the command that puts it right."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.assembly import House
from app.cli import doctor
from app.database import Database
from app.menus import revisions
from app.menus.buttons import default_menu
from app.menus.file import read
from app.settings import WeChatAccount
from tests.conftest import NOON
from tests.menus_kit import KNOWN, menus

ADDRESS = "https://gh.example.cn"


@pytest.fixture
async def house(sqlite_url: str) -> Any:
    """One applied menu, and a WeChat that has whatever `theirs` says."""
    database = Database(sqlite_url)
    async with database.transaction() as session:
        await revisions.apply(session, menus(""), KNOWN, "王芳", "", NOON)
    theirs: dict[str, Any] = {"menu": {"button": default_menu(read(menus(""), KNOWN), ADDRESS)}}

    async def get() -> SimpleNamespace:
        return SimpleNamespace(raw=theirs)

    async def tags() -> list[Any]:
        return []

    settings = SimpleNamespace(public_url=ADDRESS, wechat_account=WeChatAccount.SERVICE_VERIFIED)
    wechat = SimpleNamespace(menus=SimpleNamespace(get=get), tags=SimpleNamespace(list=tags))
    yield SimpleNamespace(settings=settings, database=database, known=KNOWN, wechat=wechat, theirs=theirs)
    await database.close()


async def test_the_same_menu_is_good(house: Any) -> None:
    [finding] = await doctor._menus(cast(House, house))

    assert finding == doctor.good("菜单第 1 版与微信上一致（0 个标签归属）")


async def test_where_wechats_menu_differs_the_command_that_pushes_it_again_is_named(house: Any) -> None:
    house.theirs["menu"]["button"][0]["name"] = "别处改的"

    findings = await doctor._menus(cast(House, house))

    assert [finding.mark for finding in findings] == [doctor.BAD, doctor.BAD]
    assert findings[0].what == "菜单第 1 版：默认菜单与微信上的不同。"
    assert "gonghui menus push" in findings[1].what
