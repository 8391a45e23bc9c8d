"""Results of mass messages and of publishing: the manual's own samples, every status, and odd fields."""

from typing import Any

import pytest

from app.wechat.advice import MASS_ENDS, mass_end
from app.wechat.job_results import (
    ArticleAddress,
    MassEnd,
    MassResult,
    PublishResult,
    PublishState,
    mass_result,
    publish_result,
)
from tests.test_wechat_incoming import event, sample


def test_the_sample_of_a_mass_message_is_read_whole() -> None:
    assert mass_result(sample("event.masssendjobfinish").fields) == MassResult(
        msg_id=1000001625,
        end=MassEnd.SENT,
        status="send success",
        total=1200,
        reachable=1180,
        sent=1178,
        failed=2,
        articles=(ArticleAddress(1, "https://mp.weixin.qq.com/s/demo"),),
    )


def test_the_sample_of_publishing_is_read_whole() -> None:
    assert publish_result(sample("event.publishjobfinish").fields) == PublishResult(
        "2247503051",
        PublishState.DONE,
        "demo_ARTICLE_ID",
        (ArticleAddress(1, "https://mp.weixin.qq.com/s/demo"),),
    )


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("send success", MassEnd.SENT),
        ("send fail", MassEnd.FAILED),
        ("err(10001)", MassEnd.ADVERTISING),
        ("err(20001)", MassEnd.POLITICS),
        ("err(20002)", MassEnd.PORNOGRAPHY),
        ("err(20004)", MassEnd.SOCIAL),
        ("err(20006)", MassEnd.ILLEGAL),
        ("err(20008)", MassEnd.FRAUD),
        ("err(20013)", MassEnd.COPYRIGHT),
        ("err(21000)", MassEnd.OTHER_REVIEW),
        ("err(22000)", MassEnd.MUTUAL_PROMOTION),
        ("err(30001)", MassEnd.ORIGINALITY_BROKEN),
        ("err(30002)", MassEnd.REPRINT_FORBIDDEN),
        ("err(30003)", MassEnd.REPRINT_STOPPED),
        ("err(40001)", MassEnd.ADMIN_REFUSED),
        ("err(40002)", MassEnd.ADMIN_SILENT),
        ("err(99999)", MassEnd.UNKNOWN),
        ("err(10001) and more", MassEnd.UNKNOWN),
        ("", MassEnd.UNKNOWN),
    ],
)
def test_every_status_has_its_name(status: str, end: MassEnd) -> None:
    assert mass_result({"Status": status}).end is end


def test_staff_read_every_end_in_words() -> None:
    assert {*MASS_ENDS} == {*MassEnd}
    assert mass_end(MassEnd.COPYRIGHT, "err(20013)").endswith("请换掉不是自己的图文（err(20013)）")
    assert mass_end(MassEnd.UNKNOWN, "") == "微信说了一个没见过的结果，请在公众平台里看"


def test_several_articles_and_several_faults_come_as_lists_and_one_alone_without() -> None:
    item = "<item><ArticleIdx>{0}</ArticleIdx><ArticleUrl>u{0}</ArticleUrl></item>"
    two = event(
        "MASSSENDJOBFINISH",
        f"<ArticleUrlResult><ResultList>{item.format(1)}{item.format(2)}</ResultList></ArticleUrlResult>"
        "<CopyrightCheckResult><ResultList><item><ArticleIdx>2</ArticleIdx><UserDeclareState>2</UserDeclareState>"
        "</item></ResultList></CopyrightCheckResult>",
    )
    refused = (
        "<PublishEventInfo><publish_id>7</publish_id><publish_status>4</publish_status>{}</PublishEventInfo>"
    )
    one, three = (
        event("PUBLISHJOBFINISH", refused.format("".join(f"<fail_idx>{n}</fail_idx>" for n in numbers)))
        for numbers in ((2,), (1, 2, 5))
    )

    assert mass_result(two.fields).articles == (ArticleAddress(1, "u1"), ArticleAddress(2, "u2"))
    assert mass_result(two.fields).reprints == (2,)
    assert publish_result(one.fields) == PublishResult("7", PublishState.REVIEW_REFUSED, failed=(2,))
    assert publish_result(three.fields).failed == (1, 2, 5)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ArticleUrlResult": "", "TotalCount": "many", "MsgID": None, "CopyrightCheckResult": [1]},
        {"ArticleUrlResult": {"ResultList": {"item": ["x", {"ArticleIdx": {}}]}}, "Status": ["a"]},
        {"PublishEventInfo": "", "publish_status": "x", "fail_idx": {"a": 1}, "article_detail": {"item": 1}},
    ],
)
def test_odd_fields_do_no_harm(fields: dict[str, Any]) -> None:
    assert mass_result(fields).end is MassEnd.UNKNOWN
    assert (mass_result(fields).total, mass_result(fields).msg_id) == (0, 0)
    assert publish_result(fields).state is PublishState.UNKNOWN
    assert publish_result(fields).publish_id == ""
