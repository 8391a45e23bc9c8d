"""Certificates of participation: for who was checked in, verified by anybody, gone with the check-in."""

import re

from app.jobs import staff_jobs
from app.jobs.after_activities import KINDS
from app.services import certificate_pages, certificates
from app.services.certificates import Certificate
from models import Activity, Role, SignUp
from tests import making, pdf_words
from tests.both_ends import Ends
from tests.checking_in import reads, ticket
from tests.console_kit import HTML, Worker, at_work, ends
from tests.portal_member import Visiting, member
from tests.test_albums import walked

__all__ = ["ends"]

LONG = "第三届“电力杯”职工羽毛球、乒乓球、拔河、广播体操和安全知识混合接力友谊赛暨家属开放日活动"


async def came(ends: Ends, li: Visiting) -> tuple[Activity, SignUp]:
    """She is on the roster, was at an activity with 王强 of whom we know no name, and it is over."""
    wang = await member(ends, "王强")
    walk, _ = await walked(ends, li, wang)
    async with ends.house.database.transaction() as session:
        await making.member(session, "李娜", person_id=await li.person_id())
        entries = await making.entries(session, walk)
        for entry in entries:
            await reads(session, walk, ticket(entry), at=ends.house.clock.now())
    early = await li.browser.get(f"/me/sign-ups/{entries[0].public_id}/certificate.pdf", headers=HTML)
    assert (early.status_code, "结束以后才有" in early.text) == (409, True)
    await ends.moves_time(hours=4)
    await ends.house.rounds.once()
    return walk, entries[0]


async def test_from_my_sign_ups_to_a_page_that_tells_a_stranger_only_what_he_needs(ends: Ends) -> None:
    li = await member(ends, "李娜")
    walk, entry = await came(ends, li)
    at = f"/me/sign-ups/{entry.public_id}"
    assert f"{at}/certificate.pdf" in await li.reads(at)

    answer = await li.browser.get(f"{at}/certificate.pdf", headers=HTML)

    assert answer.headers["content-type"] == "application/pdf"
    (words,) = pdf_words.pages(answer.content)
    code = certificates.code(entry)
    assert "参加证明" in words and "李娜" in words and certificates.number(code) in words
    assert walk.title in words.replace("\n", "") and "3.5 小时" in words.replace("\n", "")
    guest = ends.browser()
    shown = (await guest.get(f"/c/{code}", headers=HTML)).text
    assert "证明是真的" in shown and "李*" in shown and "李娜" not in shown
    assert certificates.number(code) in shown
    last = "a" if code[-1] != "a" else "b"
    for forged in (code[:-1] + last, "x" * 32, entry.public_id, "字"):
        answer = await guest.get(f"/c/{forged}", headers=HTML)
        assert (answer.status_code, "不是有效的证明" in answer.text) == (404, True)
    other = await member(ends, "张伟")
    assert (await other.browser.get(f"{at}/certificate.pdf", headers=HTML)).status_code == 404

    checker = await at_work(ends, "孙丽", Role.CHECKER)
    undo = f"/activities/{walk.public_id}/check-in/people/{entry.public_id}/undo"
    await checker.does(undo, reason="扫错了人")
    assert (await guest.get(f"/c/{code}", headers=HTML)).status_code == 404
    assert (await li.browser.get(f"{at}/certificate.pdf", headers=HTML)).status_code == 409


async def test_staff_take_one_or_those_of_all_whose_name_is_known(ends: Ends) -> None:
    zhao: Worker = await at_work(ends, "赵敏", Role.ORGANISER)
    walk, entry = await came(ends, await member(ends, "李娜"))
    await zhao.signs_in()
    at = f"/activities/{walk.public_id}/people"
    assert f"{entry.public_id}/certificate" in await zhao.reads(f"{at}/{entry.public_id}")

    one = await zhao.gets(f"{at}/{entry.public_id}/certificate")
    assert len(pdf_words.pages(one.content)) == 1
    assert "正在导出" in await zhao.does(f"{at}/certificates")
    await staff_jobs.run(ends.house.database, ends.house.clock, ends.house.files, KINDS)

    name = re.findall(r'action="/console/jobs/(\w+)/file"', await zhao.reads("/jobs"))[0]
    everybody = (await zhao.sends(f"/jobs/{name}/file")).content
    assert ["李娜" in page for page in pdf_words.pages(everybody)] == [True]  # the other is on no roster


def test_long_titles_and_hostile_names_fit_on_their_page() -> None:
    said = Certificate(
        "<b>欧阳・买买提</b>", LONG, "2026年12月5日", "2.5 小时", "", "公司工会", "4F7K-2M9Q", ""
    )

    (page,) = pdf_words.pages(certificate_pages.pdf([said]))

    assert "<b>欧阳・买买提</b>" in page and "4F7K-2M9Q" in page
    assert LONG[-10:] in page.replace("\n", "")
