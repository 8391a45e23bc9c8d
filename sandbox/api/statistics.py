"""Statistics as the service calls them (section 11.6): users come and gone, and articles; old calls and new.

Those of messages and of the callback are in `message_statistics`, which days may be asked for in `datacube`.
"""

from collections.abc import Callable
from datetime import date, timedelta

from sandbox import follows, publications
from sandbox.api.datacube import Figures, by_hour, days, table
from sandbox.articles import figures
from sandbox.articles.readings import KEEP, READ, SHARE, SOURCE
from sandbox.publications import SENT
from sandbox.store import Row
from sandbox.world import World

FOLLOWED_DAYS, FOLLOWED_BEFORE = 30, 7  # so long an article is followed, and by the call of before


@table("getusersummary", 7)
def users(world: World, day: date) -> list[Figures]:
    return [
        {"ref_date": day.isoformat(), "user_source": source, "new_user": came, "cancel_user": left}
        for source, (came, left) in follows.by_source(world, day).items()
    ]


@table("getusercumulate", 7)
def users_in_all(world: World, day: date) -> list[Figures]:
    return [{"ref_date": day.isoformat(), "user_source": 0, "cumulate_user": follows.at_end_of(world, day)}]


@table("getarticleread", 1, fresh=True)
def articles_read(world: World, day: date) -> list[Figures]:
    return _of_articles(world, day, READ, figures.reads)


@table("getarticleshare", 1, fresh=True)
def articles_shared(world: World, day: date) -> list[Figures]:
    return _of_articles(world, day, SHARE, lambda rows: {"share_user": figures.people(rows, SHARE)})


def _of_articles(world: World, day: date, act: str, tell: Callable[[list[Row]], Figures]) -> list[Figures]:
    """The articles to which this happened on a day."""
    told = []
    for key, rows in figures.by_article(figures.acts(world, day, day)).items():
        article = publications.page(world, key)
        if article and figures.times(rows, act):
            told.append({"ref_date": day.isoformat(), "msgid": figures.msgid(article), "detail": tell(rows)})
    return told


@table("getarticletotaldetail", 1, fresh=True)
def articles_in_all(world: World, day: date) -> list[Figures]:
    last = min(world.clock.today() - timedelta(1), day + timedelta(FOLLOWED_DAYS - 1))
    return [
        {
            "ref_date": day.isoformat(),
            "msgid": figures.msgid(article),
            "publish_type": 0 if article["way"] == SENT else 1,
            "title": article["item"]["title"],
            "content_url": article["item"]["url"],
            "detail_list": [figures.since_published(world, article, one) for one in days(day, last)],
        }
        for article in figures.published_on(world, day)
    ]


@table("getbizsummary", 30, fresh=True)
def account(world: World, day: date) -> list[Figures]:
    rows, published = figures.acts(world, day, day), figures.published_on(world, day)
    keys = [row["key"] for row in world.db.all("select key from article")]
    told = {
        **figures.sums(world, rows, keys, day, day),
        "redirect_ori_page_user": figures.people(rows, SOURCE),
        "send_page_count": len(published),
    }
    happened = rows or published or told["comment_count"]
    return [{"ref_date": day.isoformat(), "detail": told}] if happened else []


# --- Of before; WeChat looks after them no more. The first two know only what was sent to people.


@table("getarticlesummary", 1)
def sent_articles(world: World, day: date) -> list[Figures]:
    told = []
    for key, rows in figures.by_article(figures.acts(world, day, day)).items():
        article = publications.page(world, key)
        if article and article["way"] == SENT:
            told.append({**_named(article, day), "user_source": 0, **figures.as_before(rows)})
    return told


@table("getarticletotal", 1)
def sent_articles_in_all(world: World, day: date) -> list[Figures]:
    last = min(world.clock.today() - timedelta(1), day + timedelta(FOLLOWED_BEFORE - 1))
    told = []
    for article in figures.published_on(world, day):
        if article["way"] != SENT:
            continue
        details = []
        for one in days(day, last):
            rows = figures.acts(world, day, one, article["key"])
            head = {"stat_date": one.isoformat(), "target_user": figures.target(world, article)}
            details.append({**head, **figures.as_before(rows), **figures.before_by_way(rows)})
        told.append({**_named(article, day), "details": details})
    return told


def _named(article: Row, day: date) -> Figures:
    return {
        "ref_date": day.isoformat(),
        "msgid": figures.msgid(article),
        "title": article["item"]["title"],
    }


@table("getuserread", 3)
def reading(world: World, day: date) -> list[Figures]:
    return _reading(figures.acts(world, day, day), {"ref_date": day.isoformat()})


@table("getuserreadhour", 1)
def reading_by_hour(world: World, day: date) -> list[Figures]:
    return [row for head, rows in by_hour(day, figures.acts(world, day, day)) for row in _reading(rows, head)]


@table("getusershare", 7)
def sharing(world: World, day: date) -> list[Figures]:
    return _sharing(figures.acts(world, day, day), {"ref_date": day.isoformat()})


@table("getusersharehour", 1)
def sharing_by_hour(world: World, day: date) -> list[Figures]:
    return [row for head, rows in by_hour(day, figures.acts(world, day, day)) for row in _sharing(rows, head)]


def _reading(rows: list[Row], head: Figures) -> list[Figures]:
    """All ways together, then each that somebody came."""
    if not any(figures.times(rows, act) for act in (READ, SHARE, KEEP, SOURCE)):
        return []
    told = [{**head, "user_source": figures.ALL_SOURCES, **figures.as_before(rows)}]
    for way, source in figures.SOURCES.items():
        if figures.times(rows, READ, way):
            told.append({**head, "user_source": source, **figures.as_before(rows, way)})
    return told


def _sharing(rows: list[Row], head: Figures) -> list[Figures]:
    return [
        {
            **head,
            "share_scene": scene,
            "share_count": figures.times(rows, SHARE, way),
            "share_user": figures.people(rows, SHARE, way),
        }
        for way, scene in figures.SHARE_SCENES.items()
        if figures.times(rows, SHARE, way)
    ]
