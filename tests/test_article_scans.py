"""What staff put into articles is looked at for viruses: refused, held while nobody looked, or shown."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.jobs import stored_files
from app.jobs.article_scans import IN_VAIN, Looker
from app.scanning import Scanner
from app.services import article_media
from models import ArticleMedia, FileState
from tests.both_ends import Ends, both_ends, settings_for
from tests.console_kit import Worker, acts_of
from tests.media_files import pdf, photo
from tests.newsroom import li, zhang
from tests.test_article_media import File, Writing, page_of, published, sources, writing
from tests.test_clarification_evidence import saves, upload
from tests.test_console_clarifications import claim, does

__all__ = ["li", "zhang"]

# Infected is what says so; silent the scanner is while there is such a file.
SCAN = """
[ -e {folder}/silent ] && exit 3
if grep -q EICAR; then echo "Eicar-Test FOUND"; exit 1; fi
exit 0
"""
VIRUS = b"%PDF-1.4\nEICAR\n%%EOF\n"
WAITING = "您写的文章里有文件查出病毒"
INFECTED = "您写的澄清里有附件查出病毒"


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    return tmp_path / "silent"


@pytest.fixture
def command(tmp_path: Path) -> str:
    path = tmp_path / "scan"
    path.write_text("#!/bin/sh" + SCAN.format(folder=tmp_path))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
async def ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path, scan_command=command)
    async with both_ends(settings, monkeypatch) as joined:
        yield joined


def falls_silent(silent: Path) -> None:
    silent.touch()


def speaks_again(silent: Path) -> None:
    silent.unlink()


async def look(ends: Ends, command: str = "") -> int:
    """A round of a process of its own."""
    return await Looker(ends.house.database, ends.house.files, Scanner(command)).run()


async def states(ends: Ends) -> dict[str, FileState]:
    async with ends.house.database.reading() as session:
        rows = await session.scalars(sa.select(ArticleMedia).order_by(ArticleMedia.id))
        return {each.name: each.state for each in rows}


def sent(number: int, name: str, data: bytes) -> File:
    return f"m{number}-file", (name, data, "application/octet-stream")


async def test_a_file_with_a_virus_is_refused_kindly_costs_nothing_else_and_stands_in_the_record(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    form = await writing(zhang)
    form.rows = [("paragraph", "正文在这里。")]
    await form.adds("attachment", pdf(), name="方案.pdf")
    await form.sends("add", add_type="attachment")
    answer = await form.sends("stay", sent(2, "坏.pdf", VIRUS))

    assert answer.status_code == 422
    assert "「坏.pdf」没有收下：查出病毒（Eicar-Test FOUND），请先在自己的电脑上杀毒" in answer.text
    assert await states(ends) == {"方案.pdf": FileState.READY}
    (act,) = await acts_of(ends, "content.infected")
    assert act.by == "张伟"
    await form.sends("remove-2")
    assert "方案" in await page_of(ends, await published(ends, form, li))


async def held(ends: Ends, zhang: Worker, silent: Path) -> Writing:
    """A saved draft with a picture and a document that nobody has looked at."""
    falls_silent(silent)
    form = await writing(zhang)
    form.rows = [("paragraph", "正文在这里。")]
    await form.adds("picture", photo(900, 600), alt="合影")
    await form.adds("attachment", VIRUS, name="方案.pdf")
    assert (await form.sends("save")).status_code == 303
    assert set((await states(ends)).values()) == {FileState.EXPECTED}
    return form


async def test_without_an_answer_a_file_is_held_and_no_text_with_it_goes_on(
    ends: Ends, zhang: Worker, li: Worker, silent: Path, command: str
) -> None:
    form = await held(ends, zhang, silent)
    key = form.fields["key"]
    shown = Writing(zhang, f"/content/article/{key}/edit")
    await shown.opens()
    assert shown.page.count('data-test="trouble"') == 2 and "正在查病毒" in shown.page
    assert not sources(shown.page)
    refused = await shown.sends("submit")
    assert refused.status_code == 422 and "「照片.jpg」正在查病毒" in refused.text
    async with ends.house.database.reading() as session:
        (picture, file) = (await session.scalars(sa.select(ArticleMedia).order_by(ArticleMedia.id))).all()
        cuts = await article_media.cuts_of(session, key)
    (narrow, *_) = cuts[picture.public_id, "whole"]
    media = f"/content/article/{key}/media"
    addresses = (f"{media}/{picture.public_id}/whole/{narrow.width}", f"{media}/{file.public_id}")
    assert [(await zhang.gets(each)).status_code for each in addresses] == [404, 404]

    assert await look(ends, command) == 2, "still silent"
    assert set((await states(ends)).values()) == {FileState.EXPECTED}
    speaks_again(silent)
    for _ in range(2):
        await look(ends, command)

    assert [*(await states(ends)).values()] == [FileState.READY, FileState.INFECTED]
    assert [(await zhang.gets(each)).status_code for each in addresses] == [200, 404]
    await stored_files.tidy(ends.house.database, ends.house.files, ends.house.clock)
    with pytest.raises(FileNotFoundError):
        await ends.house.files.get(file.file)
    assert WAITING in await zhang.reads("/") and WAITING not in await li.reads("/")
    await shown.opens()
    refused = await shown.sends("submit")
    assert "「方案.pdf」查出病毒（Eicar-Test FOUND），已经隔离" in refused.text

    await shown.sends("remove-2")
    shown.fields |= {"m1-0-alt": "合影", "m1-0-shape": "1x1", "m1-0-point": "50-50"}
    assert await published(ends, shown, li) == key
    assert 'alt="合影"' in await page_of(ends, key) and WAITING not in await zhang.reads("/")


async def test_a_round_gives_up_on_a_silent_scanner_and_goes_on_behind_what_sticks(
    ends: Ends, zhang: Worker, silent: Path, command: str
) -> None:
    falls_silent(silent)
    form = await writing(zhang)
    await form.sends("add", add_type="gallery")
    await form.sends("stay", *[sent(1, f"{number}.jpg", photo(600, 400)) for number in range(5)])
    looker = Looker(ends.house.database, ends.house.files, Scanner(command))
    assert [await looker.run() for _ in range(3)] == [IN_VAIN, 2, IN_VAIN]

    speaks_again(silent)
    assert [await looker.run() for _ in range(3)] == [2, 3, 0]
    assert set((await states(ends)).values()) == {FileState.READY}


async def test_where_nobody_looks_any_more_what_was_held_is_let_go(
    ends: Ends, zhang: Worker, silent: Path
) -> None:
    await held(ends, zhang, silent)
    await look(ends)
    assert set((await states(ends)).values()) == {FileState.READY}


async def test_files_of_evidence_are_looked_at_likewise(
    ends: Ends, zhang: Worker, li: Worker, silent: Path, command: str
) -> None:
    name = await claim(ends)
    await does(zhang, ends, name, "take")
    answer = await saves(zhang, ends, name, upload(0, "坏.pdf", VIRUS), upload(1, "好.pdf", pdf()))
    assert answer.status_code == 422 and "「坏.pdf」没有收下：查出病毒" in answer.text
    assert await states(ends) == {"好.pdf": FileState.READY} and await acts_of(ends, "content.infected")

    falls_silent(silent)
    held_back = (upload(0, "坏.pdf", VIRUS), upload(1, "照片.jpg", photo(900, 600)))
    answer = await saves(zhang, ends, name, *held_back, evidence_1="照片")
    assert answer.status_code == 303
    page = await zhang.reads(f"/clarifications/{name}")
    assert page.count("正在查病毒") == 2 and f"{name}/evidence/" not in page
    answer = await saves(zhang, ends, name, then="submit")
    assert answer.status_code == 422 and "第 1 条依据：「坏.pdf」正在查病毒" in answer.text

    speaks_again(silent)
    await look(ends, command)
    assert INFECTED in await zhang.reads("/") and INFECTED not in await li.reads("/")
    answer = await saves(zhang, ends, name, alt_1="合影", then="submit")
    assert answer.status_code == 422 and "「坏.pdf」查出病毒（Eicar-Test FOUND），已经隔离" in answer.text
    answer = await saves(zhang, ends, name, gone_0="yes", alt_1="合影", then="submit")
    assert answer.status_code == 303 and "正在查病毒" not in await zhang.reads(f"/clarifications/{name}")
    assert INFECTED not in await zhang.reads("/")
