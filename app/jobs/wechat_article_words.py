"""What WeChat's refusals and ends of publishing mean for an article of ours, and how staff read of them."""

from datetime import datetime, timedelta
from typing import Final

from app.services.wechat_articles import rest, stands_published
from app.wechat.errors import ContentRefused, NotAllowed, WeChatError
from app.wechat.job_results import PublishResult, PublishState
from models import WeChatArticle, WeChatArticleState

S = WeChatArticleState
SILENT: Final = timedelta(days=3)  # WeChat has not said how it ended

_REFUSED: Final = {
    53503: "草稿没有通过微信的检查，请到微信公众平台的草稿箱里看是哪里不合规",
    53504: "微信要求这一篇由人在微信公众平台的草稿箱里发布；在那里发布以后，这里会自己知道",
    53505: "微信要求先在微信公众平台的草稿箱里打开这一篇保存一次，再来发布",
    45028: "这个账号的次数用完了",
}
_ENDED: Final = {
    PublishState.NOT_ORIGINAL: "微信判定不是原创，没有发布。",
    PublishState.FAILED: "微信没有发布成，也没有说原因；请稍后重新放进草稿箱再发。",
    PublishState.REVIEW_REFUSED: "微信审核没有通过，没有发布。请修改文章，审核通过后重新放进草稿箱。",
    PublishState.DELETED_BY_US: "在微信公众平台里删除了。",
    PublishState.BANNED: "微信平台判定违规，已经下架。",
}
_NO_END: Final = "三天没有等到微信的结果，请到微信公众平台的「发表记录」里核对。"
_RUNNING: Final = frozenset({S.PUBLISHING, S.SUBMITTED})


def ended(row: WeChatArticle, result: PublishResult, now: datetime, *, again: datetime) -> None:
    """How publishing ended, told or asked for; twice is no error. `again`: when to ask of one that runs."""
    match result.state:
        case PublishState.DONE:
            if row.state in _RUNNING:
                url = result.articles[0].url if result.articles else ""
                stands_published(row, result.article_id, url, now)
        case PublishState.RUNNING | PublishState.UNKNOWN:
            if row.state is S.SUBMITTED and now - row.changed_at > SILENT:
                rest(row, S.FAILED, now, _NO_END)
            elif row.state is S.SUBMITTED:
                row.due_at = again
        case PublishState.DELETED_BY_US | PublishState.BANNED:
            if row.state is S.WITHDRAWING:
                rest(row, S.WITHDRAWN, now, row.reason)
            elif row.state is S.PUBLISHED or row.state in _RUNNING:
                rest(row, S.WITHDRAWN, now, _ENDED[result.state])
        case _:
            if row.state in _RUNNING:
                rest(row, S.FAILED, now, _ENDED[result.state])


def refused(row: WeChatArticle, error: WeChatError, now: datetime, *, again: datetime) -> None:
    """WeChat did not do it, and will not when asked the same again."""
    said = words(error)
    match row.state:
        case S.SUBMITTED:  # it has the article; only the question failed
            row.due_at, row.errcode = again, error.errcode
            if now - row.changed_at > SILENT:
                rest(row, S.FAILED, now, _NO_END, errcode=error.errcode)
        case S.PUBLISHING:  # the draft lies there still
            rest(row, S.DRAFT, now, f"没有发布：{said}。", errcode=error.errcode)
        case S.WITHDRAWING:
            back = S.PUBLISHED if row.published_id else S.DRAFT
            rest(row, back, now, f"没有删除：{said}。", errcode=error.errcode)
        case S.FAILED:  # the draft could not be cleared away, and harms nobody there
            row.due_at = None
        case _:
            back = S.DRAFT if row.media_id else S.FAILED
            rest(row, back, now, f"没有放进草稿箱：{said}。", errcode=error.errcode)


def words(error: WeChatError) -> str:
    """For staff, with WeChat's own code for who looks it up."""
    code = f"（{error.errcode} {error.errmsg}）"
    if error.errcode in _REFUSED:
        return _REFUSED[error.errcode] + code
    if isinstance(error, NotAllowed):
        return f"微信不允许这个账号或这台服务器这样做，请管理员处理{code}"
    if isinstance(error, ContentRefused):
        return f"微信认为内容不合规{code}"
    return f"微信不接受{code}" if error.errcode is not None else f"不合微信的规定（{error.errmsg}）"
