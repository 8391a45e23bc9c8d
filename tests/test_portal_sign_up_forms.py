"""Signing up on a page where something is asked, and saying otherwise there: nothing typed is lost."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from models import CrisisAlert, SignUp
from tests import api_app
from tests.both_ends import OURS, Ends
from tests.portal_member import TOKEN, member
from tests.test_portal_me import announce

ends = api_app.ends

ASKED = [
    {"key": "size", "prompt": "尺码？", "kind": "choice", "options": ["S", "M"]},
    {"key": "note", "prompt": "备注", "required": False},
]


async def kept(ends: Ends) -> tuple[int, Any, Any]:
    async with ends.house.database.reading() as session:
        entry = (await session.scalars(sa.select(SignUp))).one()
    return entry.seats, entry.answers, entry.party


async def test_questions_and_guests_are_asked_on_a_page_and_changed_there(ends: Ends) -> None:
    until = ends.house.clock.now() + timedelta(days=1)
    run = await announce(ends, "羽毛球", questions=ASKED, guests=2, capacity=3, changes_until=until)
    wang, at = await member(ends, "王强"), f"/activities/{run.public_id}"
    form = f"{at}/sign-up"
    assert f'href="{form}"' in await wang.reads(at)

    for filled, said in (
        ({"guests": "1"}, "「尺码」要填写"),
        ({"guests": "3", "q_size": "M"}, "每人最多带 2 位同伴"),
        ({"guests": "1", "q_size": "XL"}, "请从这几项里选：S、M"),
    ):
        refused = await wang.taps(form, form, q_note='"><script>', **filled)
        assert refused.status_code in (409, 422) and said in refused.text, said
        assert 'value="&#34;&gt;&lt;script&gt;"' in refused.text, "what was typed is still there"
    done = await wang.taps(form, form, guests="1", q_size="M", q_colour="红")
    own = str(done.headers["location"])
    assert done.status_code == 303 and await kept(ends) == (2, {"size": "M"}, None)
    assert (await wang.browser.get(form)).headers["location"] == at

    assert "改报名（到" in await wang.reads(own)
    page = await wang.reads(f"{own}/change")
    assert '<option value="1" selected>' in page and "<option selected>M</option>" in page
    more = await wang.taps(f"{own}/change", f"{own}/change", guests="2", q_size="S", q_note="我不想活了")
    assert "12356" in more.text and await kept(ends) == (3, {"size": "S", "note": "我不想活了"}, None)
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CrisisAlert.channel))).all() == ["portal"]
    chen = await member(ends, "陈静")
    assert (await chen.browser.get(f"{own}/change")).status_code == 404
    token = TOKEN.search(await chen.reads("/me"))
    assert token and (await chen.browser.post(f"{own}/change", data={"token": token[1]})).status_code == 404

    await ends.moves_time(hours=25)
    await wang.phone.opens(f"{OURS}/me", wang.browser)
    assert "改报名（到" not in await wang.reads(own)
    late = await wang.browser.get(f"{own}/change")
    assert late.status_code == 409 and "只能改到" in late.text


async def test_a_family_signs_up_on_a_page_with_a_guardians_word(ends: Ends) -> None:
    until = ends.house.clock.now() + timedelta(days=1)
    asked = {"names_guests": True, "guests": 2, "safety_notice": "看好孩子。", "changes_until": until}
    picnic = await announce(ends, "春游", **asked)
    wang = await member(ends, "王强")
    form = f"/activities/{picnic.public_id}/sign-up"
    given = {"name_1": "小明", "age_1": "8", "name_2": "", "age_2": ""}
    notice = (await wang.reads(form)).split('name="accepted" value="')[1][:16]

    for filled, said in (
        ({"age_1": "八"}, "请写小明活动那天几周岁"),
        ({"name_1": ""}, "请写同伴的姓名"),
        ({}, "小明（8 岁）不满 14 周岁，要有监护人的姓名和同意"),
        ({"guardian": "王强", "agrees": "yes"}, "请看完并同意"),
    ):
        refused = await wang.taps(form, form, **given | filled)
        assert refused.status_code == 422 and said in refused.text, said
    agreed = {"guardian": "王强", "agrees": "yes", "accepted": notice}
    own = str((await wang.taps(form, form, **given | agreed)).headers["location"])
    seats, _, party = await kept(ends)
    assert seats == 2 and party["guardian"]["words"].startswith("我是小明（8 岁）的监护人王强，同意孩子")
    assert "小明（8 岁）" in await wang.reads(own)

    alone = {"name_1": "", "age_1": "", "name_2": "", "age_2": ""}
    assert (await wang.taps(f"{own}/change", f"{own}/change", **alone)).status_code == 303
    assert await kept(ends) == (1, {}, None), "who does not come is not kept"
