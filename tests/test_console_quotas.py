"""按组织分名额 in the console, on the portal and in the API: written, kept, shown as it stands."""

from typing import Any

import sqlalchemy as sa

from models import Activity, Allocation
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, ends
from tests.test_console_activities import plan, planned, row, version, zhao

__all__ = ["admin", "ends", "zhao"]
NORTH, SOUTH = "黄陵供电公司工会/北区分工会", "黄陵供电公司工会/南区分工会"


async def branches(ends: Ends) -> tuple[str, str]:
    async with ends.house.database.transaction() as session:
        north, south = await making.branch(session, NORTH), await making.branch(session, SOUTH)
        return north.public_id, south.public_id


async def test_numbers_are_written_shown_and_changed(ends: Ends, zhao: Worker) -> None:
    north, south = await branches(ends)
    given: dict[str, Any] = {"allocation": "quota", "capacity": "10", "quotas_released": "yes"}
    path = await planned(zhao, **given, quota_branch=[north, "", south], quota_seats=["6", "", "3"])

    desk = await zhao.reads(path)
    assert "按组织分，报名截止后没用完的让给别的组织" in desk
    assert "北区分工会 6（用了 0）、南区分工会 3（用了 0）、其他人 1（用了 0）" in desk
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    shown = (await ends.web.get(public)).text
    assert "共 10，按组织分：北区分工会 6（还有 6）、南区分工会 3（还有 3）、其他人 1（还有 1）" in shown
    out = (await ends.web.get(f"/api/v1{public}")).json()
    assert (out["allocation"], out["left"]) == ("quota", 10)
    assert out["quotas"][0] == {"name": "北区分工会", "seats": 6, "left": 6}

    form = await zhao.reads(f"{path}/edit")
    assert f'value="{north}" selected' in form and 'name="quota_seats" value="6"' in form
    changed = plan(ends, **given | {"quotas_released": ""}, quota_branch=[north], quota_seats=["10"])
    await zhao.does(f"{path}/edit", **changed, version=await version(zhao, path))
    kept = await row(ends, path)
    assert ([each[1] for each in kept.quotas], kept.quotas_released) == ([10], False)
    assert "其他人" not in (await ends.web.get(public)).text


async def test_what_is_wrong_is_told_and_nothing_typed_is_lost(ends: Ends, zhao: Worker) -> None:
    north, south = await branches(ends)
    for number, other, why in (
        ("8", south, "各组织的名额加起来是 11，比总名额 10 多"),
        ("三", south, "北区分工会的名额"),
        ("1", north, "同一个组织只能写一次"),
        ("1", "nobody", "没有这个组织"),
    ):
        wrong = plan(ends, allocation="quota", capacity="10") | {
            "quota_branch": [north, other],
            "quota_seats": [number, "3"],
        }
        refused = await zhao.sends("/activities/new", **wrong)
        assert refused.status_code == 422 and why in refused.text, why
        assert f'name="quota_seats" value="{number}"' in refused.text

    path = await planned(zhao, publish=False, quota_branch=[north], quota_seats=["3"])
    async with ends.house.database.reading() as session:
        kept = await session.scalar(sa.select(Activity).where(Activity.public_id == path.rsplit("/", 1)[1]))
    assert kept is not None and (kept.allocation, kept.quotas) == (Allocation.FIRST_COME, [])
