"""An article's part 公众号 in the console: looked at, onto one's own phone, published and deleted."""

import io
import re

import sqlalchemy as sa
from PIL import Image

from models import FileState, Follower, Role, Staff, StoredFile, WeChatArticle, WeChatArticleState
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, at_work, ends
from tests.test_console_content import ARTICLE, version, written

__all__ = ["ends"]

PART = re.compile(r'<section class="card" id="wechat".*?</section>', re.S)
ROW = re.compile(r'name="version" value="(\d+)"')


async def published(ends: Ends, by: Worker, title: str = "职工书屋开放了") -> str:
    """The path of its page."""
    path = await written(await at_work(ends, "张伟", Role.EDITOR), kind="article", title=title)
    await by.does(f"{path}/approve", version=await version(by, path))
    return path


async def part(worker: Worker, path: str) -> str:
    found = PART.search(await worker.reads(path))
    assert found
    return found[0]


async def presses(worker: Worker, path: str, act: str, **given: str) -> None:
    """A button of the part, as it stands there; then what is due is done."""
    row = ROW.search(await part(worker, path))
    await worker.does(f"{path}/wechat/{act}", version=row[1] if row else "", **given)
    for _ in range(2):
        await worker.ends.house.rounds.once()
        await worker.ends.settle()


async def test_an_approver_brings_an_article_to_wechat_and_takes_it_back(ends: Ends) -> None:
    li = await at_work(ends, "李娜", Role.APPROVER)
    path = await published(ends, li)
    assert "还没有放进公众号" in await part(li, path)
    look = await li.gets(f"{path}/wechat")
    assert look.status_code == 200 and "二楼<strong style=" in look.text and "职工书屋开放了" in look.text
    assert look.headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe-inline" not in (await li.gets(path)).headers["content-security-policy"]

    await presses(li, path, "draft")
    assert "在草稿箱" in await part(li, path)
    unbound = await li.sends(f"{path}/wechat/preview", version=ROW.search(await part(li, path))[1])  # type: ignore[index]
    assert unbound.status_code == 422 and "还没有关联微信" in unbound.text
    zhao = await ends.platform.follower("赵敏")
    await zhao.says("你好")
    async with ends.house.database.transaction() as session:
        person = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == zhao.openid))
        await session.execute(sa.update(Staff).where(Staff.login == li.login).values(person_id=person))
    await presses(li, path, "preview")
    assert "职工书屋开放了" in str((await zhao.reads())[-1])
    assert "预览已发到您的微信" in await li.reads("/jobs")

    await presses(li, path, "publish")
    there = await part(li, path)
    url = re.search(r'href="([^"]+)"[^>]*data-test="wechat-url"', there)
    assert url and "已发布" in there and "wechat-really-publish" not in there
    assert "书屋" in str(await zhao.reads_article(url[1]))

    early = await li.sends(f"{path}/wechat/withdraw", version=ROW.search(there)[1], reason=" ")  # type: ignore[index]
    assert early.status_code == 422 and "为什么删除" in early.text
    await presses(li, path, "withdraw", reason="开放时间改了")
    there = await part(li, path)
    assert "还没有放进公众号" in there and "以前放过 1 次" in there and "开放时间改了" in there
    assert "职工书屋开放了" in (await ends.web.get(f"/news/{path.rsplit('/', 1)[1]}")).text
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("content.wechat")]
    assert acts == [f"content.wechat_{act}" for act in ("draft", "preview", "publish", "withdraw")]


def picture(width: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, width // 2), "#8CC5BA").save(out, "PNG")
    return out.getvalue()


async def test_a_cover_of_ones_own_is_brought_to_wechat_and_not_kept_here(ends: Ends) -> None:
    li = await at_work(ends, "李娜", Role.APPROVER)
    path = await published(ends, li)

    async def sends(data: bytes) -> int:
        files = {"file": ("封面.png", data, "image/png")}
        given = {"token": await li.token()}
        answer = await li.browser.post(f"{CONSOLE}{path}/wechat/draft", data=given, files=files, headers=HTML)
        await ends.house.rounds.once()
        return answer.status_code

    async def cover() -> str:
        async with ends.house.database.reading() as session:
            row = (await session.scalars(sa.select(WeChatArticle))).one()
            assert row.cover == "" and row.state is WeChatArticleState.DRAFT
        (draft,) = (await ends.house.wechat.drafts.get(row.media_id or "")).articles
        return str(draft.raw["thumb_media_id"])

    assert await sends(picture(200)) == 422 and "还没有放进公众号" in await part(li, path)
    assert await sends(picture(900)) == 303
    first = await cover()
    async with ends.house.database.reading() as session:
        states = (await session.scalars(sa.select(StoredFile.state))).all()
        assert set(states) <= {FileState.DELETED}
    assert await sends(picture(1000)) == 303
    second = await cover()
    await presses(li, path, "draft")  # without one, what is there stays
    assert await cover() == second != first


async def test_who_may_not_publish_looks_and_what_does_not_fit_says_why(ends: Ends) -> None:
    li = await at_work(ends, "李娜", Role.APPROVER)
    long = "全县供电职工冬季安全用电和消防知识竞赛暨职工书屋开放仪式在县公司二楼举行"
    path = await published(ends, li, long)

    there = await part(li, path)
    assert f"标题有 {len(long)} 个字，公众号文章最多 32 个字" in there and "wechat-draft" not in there
    assert "最多 32 个字" in (await li.gets(f"{path}/wechat")).text
    refused = await li.sends(f"{path}/wechat/draft")
    assert refused.status_code == 422 and "最多 32 个字" in refused.text

    writer = await at_work(ends, "周涛", Role.EDITOR)
    assert "wechat-really-draft" not in await part(writer, path)
    assert (await writer.sends(f"{path}/wechat/draft")).status_code == 403
    never = await written(writer, kind="article", **ARTICLE | {"title": "还没有审核的文章"})
    assert 'id="wechat"' not in await li.reads(never)
    assert (await li.sends(f"{never}/wechat/draft")).status_code == 404
    stale = await li.sends(f"{path}/wechat/publish", version="1")
    assert stale.status_code == 422 and "又动过" in stale.text
