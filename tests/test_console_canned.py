"""常用语: whose they are, where they fit, what is filled in, and two who change the same one."""

import re

import pytest
import sqlalchemy as sa

from app.services.staff import Wanted
from models import CannedReply, Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import HOSTILE, acts, consults, leaves

__all__ = ["admin", "ends"]
THANKS = {"title": "收到了", "text": "{称呼}好，{编号}（{事由}）收到了。{姓名} {今天}", "rooms": ["desk"]}


@pytest.fixture
async def zhang(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


async def kept(ends: Ends) -> list[CannedReply]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(CannedReply).order_by(CannedReply.id)))


def box(page: str) -> str:
    """What stands in the box of the answer."""
    found = re.search(r'data-test="answer-text"[^>]*>([^<]*)</textarea>', page)
    assert found, page
    return found[1]


async def test_from_writing_one_to_the_answer_that_has_it(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    at = f"/cases/{number}"
    assert "还没有大家的常用语" in await admin.reads("/canned")
    assert "「收到了」已添加" in await admin.does("/canned/new", **THANKS, whose="all")
    await admin.does("/canned/new", **THANKS, whose="all")  # pressed twice
    (thanks,) = await kept(ends)

    assert "收到了" in await admin.reads(at)
    page = (await admin.sends(f"{at}/fill", text="先写的", put=thanks.public_id)).text
    assert box(page).startswith(f"先写的\n您好，{number}（安全生产）收到了。王强 ")
    assert "{" not in box(page) and f'name="canned" value="{thanks.public_id}"' in page
    assert number in box(await admin.reads(f"{at}?canned={thanks.public_id}"))

    sent = await acts(
        admin, at, do="answer", text=box(page), how="answer", canned=f"{thanks.public_id} nothing"
    )
    assert sent.status_code == 303
    (thanks,) = await kept(ends)
    assert (thanks.uses, thanks.version) == (1, 1)
    assert [act.subject for act in await acts_of(ends, "canned.add")] == ["收到了"]


async def test_the_name_is_filled_in_only_where_it_was_asked_for(ends: Ends, admin: Worker) -> None:
    named, unnamed = await leaves(ends), await leaves(ends, anonymous=True)
    await admin.does("/canned/new", **THANKS)
    (thanks,) = await kept(ends)

    async def filled(number: str, called: str) -> str:
        return box((await admin.sends(f"/cases/{number}/fill", put=thanks.public_id, called=called)).text)

    assert (await filled(named, "李娜")).startswith("李娜同志好")
    assert (await filled(named, "")).startswith("您好")
    assert (await filled(unnamed, "李娜")).startswith("您好")


async def test_what_is_wrong_is_told_and_what_was_typed_is_kept(ends: Ends, admin: Worker) -> None:
    for wrong, told in (
        ({"text": "请拨 {电话}"}, "不认识「{电话}」，能自动填的有 {编号}"),
        ({"title": ""}, "请写标题"),
        ({"title": "长" * 31}, "请写标题"),
        ({"text": ""}, "请写内容"),
        ({"text": "长" * 601}, "请写内容"),
        ({"rooms": []}, "请选在哪里用"),
        ({"rooms": ["desk", "moon"]}, "没有这一处"),
        ({"whose": "all", "branch": "nothing"}, "没有这个分会"),
    ):
        refused = await admin.sends("/canned/new", **THANKS | {"title": "写好的标题"} | wrong)
        assert refused.status_code == 422 and told in refused.text, wrong
        assert "title" in wrong or "写好的标题" in refused.text
    assert await kept(ends) == []

    await admin.does("/canned/new", **THANKS)
    taken = await admin.sends("/canned/new", **THANKS | {"text": "别的话"})
    assert taken.status_code == 422 and "已经有一条叫「收到了」" in taken.text and "别的话" in taken.text
    await admin.does("/canned/new", **THANKS | {"text": "大家的"}, whose="all")  # another owner's


async def test_hostile_words_stay_words(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    await admin.does("/canned/new", title="<b>=1+1\0", text=HOSTILE, rooms=["desk"])
    (reply,) = await kept(ends)

    for path in ("/canned", f"/canned/{reply.public_id}", f"/cases/{number}?canned={reply.public_id}"):
        page = await admin.reads(path)
        assert "<script>alert" not in page and "<b>=1" not in page and "&lt;script&gt;" in page
    assert (await admin.gets(f"/cases/{number}?canned=%00")).status_code == 404
    missing = await admin.sends(f"/cases/{number}/fill", text="写了一半", put="nothing")
    assert missing.status_code == 404 and box(missing.text) == "写了一半" and "可能已经删除" in missing.text


async def test_two_who_change_the_same_one(ends: Ends, admin: Worker) -> None:
    other = await at_work(ends, "李主席", Role.UNION_ADMIN)
    await admin.does("/canned/new", **THANKS, whose="all")
    (thanks,) = await kept(ends)
    at, form = f"/canned/{thanks.public_id}", THANKS | {"whose": "all", "version": "1"}

    assert "已保存" in await admin.does(at, **form | {"text": "王强改的"})
    late = await other.sends(at, **form | {"text": "李主席改的"})
    assert late.status_code == 422 and "您改的时候，王强（" in late.text
    assert "王强改的" in late.text and "李主席改的" in late.text and 'name="version" value="2"' in late.text
    assert "已保存" in await other.does(at, **form | {"text": "李主席改的", "version": "2"})

    assert "已删除" in await admin.does(f"{at}/delete")
    assert (await other.sends(f"{at}/delete")).status_code == 404
    assert (await other.sends(at, **form)).status_code == 404
    assert len(await acts_of(ends, "canned.change")) == 2 and len(await acts_of(ends, "canned.delete")) == 1


async def test_everybody_sees_his_own_and_those_of_his_rooms(
    ends: Ends, admin: Worker, zhang: Worker
) -> None:
    await admin.does("/canned/new", **THANKS, whose="all")
    await admin.does(
        "/canned/new", **THANKS | {"title": "材料", "text": "请带材料", "rooms": ["legal"]}, whose="all"
    )
    await admin.does("/canned/new", **THANKS | {"title": "王强的"})
    await zhang.does("/canned/new", title="张的", text="请看合同", rooms=["legal"])
    thanks, papers, own, his = await kept(ends)

    page = await zhang.reads("/canned")
    assert "材料" in page and "张的" in page and "收到了" not in page and "王强的" not in page
    for hidden in (thanks, own):
        assert (await zhang.gets(f"/canned/{hidden.public_id}")).status_code == 404
        assert (await zhang.sends(f"/canned/{hidden.public_id}/delete")).status_code == 404
    assert "大家的常用语由管理员改" in await zhang.reads(f"/canned/{papers.public_id}")
    form = {"title": "材料", "text": "改了", "rooms": ["legal"], "version": "1", "whose": "all"}
    assert (await zhang.sends(f"/canned/{papers.public_id}", **form)).status_code == 403
    assert (await zhang.sends("/canned/new", **form)).status_code == 403
    assert (await admin.gets(f"/canned/{his.public_id}")).status_code == 404  # not even who manages all
    wrong = await zhang.sends("/canned/new", **form | {"whose": "own", "rooms": ["desk"]})
    assert wrong.status_code == 422 and "没有这一处" in wrong.text

    number = await consults(ends)
    page = await zhang.reads(f"/consultations/{number}")
    assert "请带材料" in page and "请看合同" in page and "收到了" not in page
    page = (await zhang.sends(f"/consultations/{number}/fill", q="合同", text="写着")).text
    assert "请看合同" in page and "请带材料" not in page and box(page) == "写着"
    page = (await zhang.sends(f"/consultations/{number}/fill", q="zzz\0")).text
    assert "没有合适的常用语" in page


async def test_those_of_a_branch_are_its_chiefs(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session, "公司工会/北区分工会")
        south = await making.branch(session, "公司工会/南区分工会")
    chief = await at_work(ends, "北区主席", Wanted(Role.UNION_ADMIN, north.id))
    form = THANKS | {"whose": "all"}

    assert (await chief.sends("/canned/new", **form)).status_code == 403  # of no branch: the whole union's
    assert (await chief.sends("/canned/new", **form, branch=south.public_id)).status_code == 403
    assert "已添加" in await chief.does("/canned/new", **form, branch=north.public_id)
    await admin.does("/canned/new", **form | {"title": "南区的"}, branch=south.public_id)
    mine, theirs = await kept(ends)

    page = await chief.reads("/canned")
    assert "收到了" in page and "南区的" not in page
    assert (await chief.gets(f"/canned/{theirs.public_id}")).status_code == 404
    number = await leaves(ends)  # of no branch
    assert mine.public_id not in await admin.reads(f"/cases/{number}")
