"""Publishing in the sandbox: a job that ends later, its result as an event, and what was published."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox import people
from sandbox.articles import jobs
from tests.sandbox_articles import SANDBOX, Press, press
from tests.test_sandbox_api import CONFIG

SUBMIT, GET = "freepublish/submit", "freepublish/get"


@pytest.fixture
async def desk() -> AsyncIterator[Press]:
    async with press() as made:
        yield made


async def submitted(desk: Press, media_id: str) -> str:
    answer = await desk.call(SUBMIT, {"media_id": media_id})
    assert answer["errcode"] == 0, answer
    assert isinstance(answer["msg_data_id"], int)
    return str(answer["publish_id"])


async def ended(desk: Press, publish_id: str) -> dict[str, Any]:
    await desk.account.app.state.world.settle()
    return await desk.call(GET, {"publish_id": publish_id})


async def told(desk: Press) -> list[ET.Element]:
    """The PUBLISHJOBFINISH pushes, oldest first."""
    await desk.account.app.state.world.settle()
    pushed = reversed(await desk.account.platform.exchanges())
    texts = [one["request_xml"] for one in pushed if one["kind"] == "PUBLISHJOBFINISH"]
    return [ET.fromstring(text) for text in texts]


async def test_a_draft_is_published_and_the_service_is_told(desk: Press) -> None:
    world = desk.account.app.state.world
    media_id = await desk.draft(desk.article(), desk.article(title="触电急救"))
    publish_id = await submitted(desk, media_id)

    running = await desk.call(GET, {"publish_id": publish_id})
    assert running == {"publish_id": publish_id, "publish_status": 1, "fail_idx": []}
    done = await ended(desk, publish_id)

    urls = [f"{SANDBOX}/s/{done['article_id']}_{number}" for number in (1, 2)]
    items = [{"idx": number, "article_url": url} for number, url in enumerate(urls, 1)]
    assert (done["publish_status"], done["fail_idx"]) == (0, [])
    assert done["article_detail"] == {"count": 2, "item": items}
    assert await desk.code("draft/get", {"media_id": media_id}) == 40007
    assert await desk.code(SUBMIT, {"media_id": media_id}) == 40007

    (event,) = await told(desk)
    info = event.find("PublishEventInfo")
    assert info is not None
    assert [one.tag for one in info] == ["publish_id", "publish_status", "article_id", "article_detail"]
    assert (info.findtext("publish_id"), info.findtext("publish_status")) == (publish_id, "0")
    assert [one.text for one in info.iterfind("article_detail/item/article_url")] == urls
    assert info.findtext("article_detail/count") == "2"
    assert event.findtext("FromUserName") == people.helper(world)
    assert people.find(world, people.helper(world)) is None

    whole = await desk.call("freepublish/getarticle", {"article_id": done["article_id"]})
    assert [(one["title"], one["url"]) for one in whole["news_item"]] == [
        ("冬季用电安全", urls[0]),
        ("触电急救", urls[1]),
    ]
    page = await desk.call("freepublish/batchget", {"offset": 0, "count": 20, "no_content": 1})
    assert [one["article_id"] for one in page["item"]] == [done["article_id"]]
    assert await desk.code("freepublish/getarticle", {"article_id": "nope"}) == 53600
    assert await desk.code(GET, {"publish_id": "nope"}) == 40097


async def test_who_submits_twice_before_it_has_ended_publishes_twice(desk: Press) -> None:
    media_id = await desk.draft()
    first, second = await submitted(desk, media_id), await submitted(desk, media_id)

    assert (await ended(desk, first))["article_id"] != (await ended(desk, second))["article_id"]
    assert (await desk.call("freepublish/batchget", {"offset": 0, "count": 1}))["total_count"] == 2


@pytest.mark.parametrize(
    ("result", "status", "at_fault"), [("originality", 2, [2]), ("failed", 3, []), ("review", 4, [2])]
)
async def test_it_fails_when_it_is_asked_to(
    desk: Press, result: str, status: int, at_fault: list[int]
) -> None:
    media_id = await desk.draft(desk.article(), desk.article())
    await desk.account.platform.misbehaves(fail_publishing={"result": result, "article": 2})

    done = await ended(desk, await submitted(desk, media_id))

    assert (done["publish_status"], done["fail_idx"]) == (status, at_fault)
    assert not {"article_id", "article_detail"} & set(done)
    (event,) = await told(desk)
    assert [int(one.text or 0) for one in event.iterfind("PublishEventInfo/fail_idx")] == at_fault
    assert event.find("PublishEventInfo/article_id") is None
    # It stays in the box, and the next time goes well.
    assert len(await desk.drafted(media_id)) == 2
    assert (await ended(desk, await submitted(desk, media_id)))["publish_status"] == 0


async def test_review_refuses_words_and_the_check_a_draft_that_lacks_its_pictures(desk: Press) -> None:
    bad = await desk.draft(desk.article(), desk.article(content="<p>代<b>开</b>发票</p>"))
    assert (await ended(desk, await submitted(desk, bad)))["fail_idx"] == [2]

    cover, inside = await desk.material(), await desk.material()
    content = f'<p><img src="{SANDBOX}/mmbiz/{inside}"></p>'
    media_id = await desk.draft(desk.article(thumb_media_id=cover), desk.article(content=content))
    assert await desk.code("material/del_material", {"media_id": inside}) == 0
    assert await desk.code(SUBMIT, {"media_id": media_id}) == 53503
    mended = {"media_id": media_id, "index": 1, "articles": desk.article()}
    assert await desk.code("draft/update", mended) == 0
    assert await desk.code("material/del_material", {"media_id": cover}) == 0
    assert await desk.code(SUBMIT, {"media_id": media_id}) == 53503

    good = await desk.draft()
    for code in (53504, 53505):
        await desk.account.platform.misbehaves(fail_next={"path": f"/cgi-bin/{SUBMIT}", "errcode": code})
        assert await desk.code(SUBMIT, {"media_id": good}) == code
    await desk.account.platform.ask("POST", "rights", {"publishing": False})
    for path in (SUBMIT, GET, "freepublish/getarticle", "freepublish/batchget", "freepublish/delete"):
        assert await desk.code(path, {"media_id": good}) == 48001
    assert await desk.code("draft/get", {"media_id": good}) == 0


async def test_what_is_taken_down_is_told_by_get_and_by_an_event(desk: Press) -> None:
    pair = await ended(desk, await submitted(desk, await desk.draft(desk.article(), desk.article())))
    alone = await ended(desk, await submitted(desk, await desk.draft()))

    assert await desk.code("freepublish/delete", {"article_id": pair["article_id"], "index": 1}) == 0
    half = await ended(desk, pair["publish_id"])
    assert half["publish_status"] == 0
    items = (await desk.call("freepublish/getarticle", {"article_id": pair["article_id"]}))["news_item"]
    assert [one["is_deleted"] for one in items] == [True, False]
    assert await desk.code("freepublish/delete", {"article_id": pair["article_id"], "index": 2}) == 0
    assert (await ended(desk, pair["publish_id"]))["publish_status"] == 5

    await desk.account.platform.ask("POST", "publications/ban", {"article_id": alone["article_id"]})
    assert (await ended(desk, alone["publish_id"]))["publish_status"] == 6
    statuses = [one.findtext("PublishEventInfo/publish_status") for one in await told(desk)]
    assert statuses == ["0", "0", "5", "6"]
    assert await desk.code("freepublish/delete", {"article_id": pair["article_id"], "index": 0}) == 0
    assert len(await told(desk)) == 4  # told once
    assert (await ended(desk, alone["publish_id"]))["publish_status"] == 6
    assert await desk.code("freepublish/delete", {"article_id": "nope"}) == 53600


async def test_a_sandbox_that_was_ended_goes_on_publishing(tmp_path: Path) -> None:
    slow = replace(CONFIG, publish_seconds=60.0, state=str(tmp_path / "state.db"))
    async with press(slow) as desk:
        media_id = await desk.draft()
        publish_id = await submitted(desk, media_id)

    async with press(replace(slow, publish_seconds=0.0)) as desk:
        assert (await desk.call(GET, {"publish_id": publish_id}))["publish_status"] == 1
        jobs.resume(desk.account.app.state.world)
        assert (await ended(desk, publish_id))["publish_status"] == 0
        assert await desk.code("draft/get", {"media_id": media_id}) == 40007
