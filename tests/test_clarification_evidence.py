"""Documents and pictures that back a clarification: attached by staff, read by all, swept when unused."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.console.media_checks import LARGEST
from app.jobs import retention, stored_files
from app.knowledge.front_matter import a_year_after
from app.services import article_media
from app.services.staff import Wanted
from models import ArticleMedia, Clarification, ClarificationMove, FileState, MediaSort, Role, StoredFile
from tests.api_app import API
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, admin, at_work, ends
from tests.media_files import pdf, photo, photo_with_place, word
from tests.test_console_clarifications import WRITTEN, claim, does, version_of

__all__ = ["admin", "ends"]
HOSTILE = '"><script>alert(1)</script>{{7*7}}'
File = tuple[str, tuple[str, bytes, str]]


def upload(number: int, name: str, data: bytes, said: str = "application/octet-stream") -> File:
    return f"upload-{number}", (name, data, said)


async def saves(worker: Worker, ends: Ends, name: str, *files: File, **filled: Any) -> httpx.Response:
    """The form of what was found out, with files; what it held of such before goes with it."""
    kept = held(await worker.reads(f"/clarifications/{name}"))
    version = filled.pop("version", None) or await version_of(ends, name)
    data = WRITTEN | kept | {each.replace("_", "-"): said for each, said in filled.items()}
    data |= {"next_review_on": "2027-06-01", "version": version, "token": await worker.token()}
    address = f"{CONSOLE}/clarifications/{name}/save"
    return await worker.browser.post(address, data=data, files=list(files) or None, headers=HTML)


def held(page: str) -> dict[str, str]:
    found = re.findall(r'name="((?:file|alt|evidence|link)-\d)" value="([^"]*)"', page)
    return {name: unescape(said) for name, said in found}


async def media(ends: Ends) -> list[ArticleMedia]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(ArticleMedia).order_by(ArticleMedia.id)))


async def bytes_kept(ends: Ends) -> set[str]:
    return {name async for name in ends.house.files.names()}


async def shown(ends: Ends, name: str) -> str:
    answer = await ends.web.get(f"/clarifications/{name}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


async def test_a_document_and_a_picture_are_attached_approved_and_read_everywhere(
    ends: Ends, admin: Worker
) -> None:
    name, zhao = await claim(ends), await at_work(ends, "赵敏", Wanted(Role.APPROVER))
    page = await does(admin, ends, name, "take")
    in_a_year = a_year_after(civil_date(ends.house.clock.now()))
    assert f'value="{in_a_year}"' in page, "until somebody chooses"
    assert "20 MB 以内" in page and "JPG、PNG" in page

    paper, poster = (
        upload(0, "陕发改〔2026〕12号.pdf", pdf()),
        upload(1, "C:\\图\\公告.jpg", photo_with_place()),
    )
    answer = await saves(admin, ends, name, paper, poster, evidence_1=HOSTILE, then="submit")
    assert answer.status_code == 422 and "第 2 条依据的图上是什么" in answer.text
    assert "保存并交去审批" in answer.text and held(answer.text)["file-1"], "what was sent is still there"
    files = {name: said for name, said in held(answer.text).items() if name.startswith("file-")}
    answer = await saves(
        admin, ends, name, **files, evidence_1=HOSTILE, alt_1=f"公告{HOSTILE}", then="submit"
    )
    assert answer.status_code == 303, answer.text
    assert [(each.sort, each.name, each.ending) for each in await media(ends)] == [
        (MediaSort.DOCUMENT, "陕发改〔2026〕12号.pdf", "pdf"),
        (MediaSort.PICTURE, "公告.jpg", "jpg"),
    ]

    page = await zhao.reads(f"/clarifications/{name}")
    assert "PDF，1 KB" in page and "加了附件「陕发改〔2026〕12号.pdf」、「公告.jpg」" in page
    assert "<script>alert" not in page
    (seen,) = re.findall(r'<img src="(/console/clarifications/[^"]+)"', page)
    assert (await zhao.gets(seen.removeprefix(CONSOLE))).headers["content-type"] == "image/jpeg"
    assert (await ends.web.get(seen)).status_code == 303, "nobody who is not signed in"
    open_at = seen.removeprefix("/console")
    assert (await ends.web.get(open_at, headers=HTML)).status_code == 404, "not before it is published"
    await does(zhao, ends, name, "publish")

    assert "clarifications.upload" in {each.act for each in await acts_of(ends)}
    addresses = await _is_read_everywhere(ends, name)
    await does(zhao, ends, name, "close", reason="有新文件")
    for address in (*addresses, open_at):
        assert (await ends.web.get(address, headers=HTML)).status_code == 404


async def _is_read_everywhere(ends: Ends, name: str) -> tuple[str, str]:
    """Where the document and the picture are."""
    page = await shown(ends, name)
    assert "<script>alert" not in page and "PDF，1 KB，点开下载" in page
    alt = re.search(r'<img src="(/clarifications/[^"]+)"[^>]* alt="([^"]*)"', page)
    assert alt and unescape(alt[2]) == f"公告{HOSTILE}"
    picture = await ends.web.get(alt[1])
    assert picture.headers["content-type"] == "image/jpeg" and b"PhoneMaker" not in picture.content
    (at,) = re.findall(r'class="in-file"><a href="([^"]+)"', page)
    taken = await ends.web.get(at)
    assert taken.content == pdf() and "sandbox" in taken.headers["content-security-policy"]
    whole = (await ends.web.get(f"{API}/clarifications/{name}")).json()
    first, second = (each["file"] for each in whole["evidence"])
    assert (first["sort"], first["name"], first["about"]) == ("document", "陕发改〔2026〕12号", "PDF，1 KB")
    assert (second["sort"], second["width"], second["height"]) == ("picture", 800, 1200)
    for each in (first, second):
        assert (await ends.web.get(each["address"])).status_code == 200
    return at, alt[1]


async def test_what_is_refused_costs_nothing_else_and_files_of_another_are_not_taken(
    ends: Ends, admin: Worker
) -> None:
    name, other = await claim(ends), await claim(ends, "听说单位要裁员一半")
    for each in (name, other):
        await does(admin, ends, each, "take")
    lies = upload(0, "截图.jpg", b"MZ\x90\0 not a picture", "image/jpeg")
    answer = await saves(admin, ends, name, lies, upload(1, "好的.docx", word()))
    assert answer.status_code == 422 and "「截图.jpg」没有收下" in answer.text
    assert "电价按省里的文件执行" in answer.text and "Word 文档" in answer.text
    large = upload(0, "大.pdf", b"%PDF-" + b"0" * LARGEST[MediaSort.DOCUMENT])
    assert "附件最多 20 MB" in (await saves(admin, ends, name, large)).text
    several = [upload(0, f"{number}.pdf", pdf()) for number in range(2)]
    assert "只能带一个附件" in (await saves(admin, ends, name, *several)).text
    hostile = f"../../{HOSTILE}.docx"
    answer = await saves(admin, ends, name, upload(0, hostile, word(**{"word/a.xml": b"x"})))
    assert answer.status_code == 303, re.findall(r"data-test=.error.>[^<]*", answer.text)
    page = await admin.reads(f"/clarifications/{name}")
    assert "<script>alert" not in page and "../.." not in page

    mine = held(page)["file-0"]
    for stolen in (mine, "0" * 16, HOSTILE):
        answer = await saves(admin, ends, other, **{"file-0": stolen})
        assert answer.status_code == 422 and "第 1 条依据的附件已经不在" in answer.text
    for wrong in (f"{other}/evidence/{mine}", f"{name}/evidence/{mine}/whole/480", f"{name}/evidence/x"):
        assert (await admin.gets(f"/clarifications/{wrong}")).status_code == 404
    assert (await admin.gets(f"/content/article/{name}/media/{mine}")).status_code == 404, "no article's"
    assert (await ends.web.get(f"/clarifications/{name}/evidence/{mine}")).status_code == 404

    before = len(await media(ends))
    stale = await saves(admin, ends, name, upload(2, "晚.pdf", pdf() + b"%%EOF"), version="1")
    assert stale.status_code == 422 and "刚刚有变动" in stale.text and len(await media(ends)) == before


async def test_the_same_file_again_is_the_one_there_and_what_no_evidence_names_is_swept(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, name = ends.house, await claim(ends)
    await does(admin, ends, name, "take")
    shot = photo(900, 600)
    twice = (upload(0, "一.jpg", shot), upload(1, "二.jpg", shot))
    assert (await saves(admin, ends, name, *twice, evidence_0="公告", evidence_1="同一张")).status_code == 303
    answer = await saves(admin, ends, name, upload(2, "三.jpg", shot), evidence_2="又一次")
    assert answer.status_code == 303, re.findall(r"data-test=.error.>[^<]*", answer.text)
    (row,) = await media(ends)
    kept = await bytes_kept(ends)
    assert len(kept) == 3, "the picture and its two widths, once"

    async def dies(*_: object, **__: object) -> None:
        raise RuntimeError("killed between upload and row")

    with monkeypatch.context() as patched:
        patched.setattr(article_media, "add", dies)
        with pytest.raises(RuntimeError):
            await saves(admin, ends, name, upload(1, "四.jpg", photo(800, 500)))
    assert await bytes_kept(ends) == kept and len(await media(ends)) == 1

    late = house.clock.now() + article_media.LOOSE_FOR + timedelta(hours=1)
    assert await retention.apply(house.database, article_media.sweep, late) == 0, "the evidence names it"
    taken_out = {f"gone-{number}": "yes" for number in range(3)}
    assert (await saves(admin, ends, name, **taken_out)).status_code == 303
    async with house.database.reading() as session:
        moves = (await session.scalars(sa.select(ClarificationMove.reason))).all()
        found = await session.scalar(sa.select(Clarification).where(Clarification.public_id == name))
        assert found is not None and [each.keys() for each in found.evidence] == [{"text", "url"}] * 3
        assert found.next_review_on == date(2027, 6, 1)
    assert any(each.startswith("去掉附件「一.jpg」") for each in moves)
    much_later = late + article_media.LOOK_AGAIN + timedelta(hours=1)
    assert await retention.apply(house.database, article_media.sweep, much_later) == 1
    assert await stored_files.tidy(house.database, house.files, house.clock) == 3
    assert await bytes_kept(ends) == set() and not await media(ends)
    async with house.database.reading() as session:
        rest = sa.select(sa.func.count()).select_from(StoredFile).where(StoredFile.state == FileState.READY)
        assert await session.scalar(rest) == 0
    assert row.owner.value == "clarification"


async def test_two_large_documents_go_with_one_form(ends: Ends, admin: Worker) -> None:
    name = await claim(ends)
    await does(admin, ends, name, "take")
    one, other = pdf(b"0" * (15 << 20)), pdf(b"1" * (15 << 20))  # each as large as the form says it may be

    answer = await saves(admin, ends, name, upload(0, "批复.pdf", one), upload(1, "附表.pdf", other))

    assert answer.status_code == 303, answer.text
    assert [each.name for each in await media(ends)] == ["批复.pdf", "附表.pdf"]
