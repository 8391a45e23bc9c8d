"""WeChat's HTTP API for one account, by subject: `client.menus.create(…)`.

Where a call goes out is `app.wechat.api`; what may go wrong is `app.wechat.errors`.
"""

from collections.abc import Callable

import httpx

from app.wechat.api.base import BaseApi
from app.wechat.api.calls import Caller
from app.wechat.api.comments import CommentsApi
from app.wechat.api.content_checks import ContentChecksApi
from app.wechat.api.drafts import DraftsApi
from app.wechat.api.links import LinksApi
from app.wechat.api.logins import LoginsApi
from app.wechat.api.mass import MassApi
from app.wechat.api.media import MediaApi
from app.wechat.api.menus import MenusApi
from app.wechat.api.messages import MessagesApi
from app.wechat.api.miniprogram_codes import MiniProgramCodesApi
from app.wechat.api.notice_templates import NoticeTemplatesApi
from app.wechat.api.notices import NoticesApi
from app.wechat.api.publishing import PublishingApi
from app.wechat.api.qrcodes import QrCodesApi
from app.wechat.api.statistics import StatisticsApi
from app.wechat.api.tags import TagsApi
from app.wechat.api.templates import TemplatesApi
from app.wechat.api.tickets import TicketsApi
from app.wechat.api.users import UsersApi
from app.wechat.tokens import TokenSource


class WeChatClient:
    """For an official account or a mini-program; what belongs to one kind only, says so and is refused to
    the other (48001). Holds no connection and no token of its own: both are handed in, and closed by others.

    How long a call may take is the business of `http` (its `timeout`).
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        *,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        base_url: str = "https://api.weixin.qq.com",
        now: Callable[[], float] | None = None,
    ) -> None:
        caller = Caller(
            app_id,
            app_secret,
            http=http,
            tokens=tokens,
            base_url=base_url,
            now=now or tokens.now,
        )
        self.app_id = app_id
        self.menus = MenusApi(caller)
        self.messages = MessagesApi(caller)
        self.templates = TemplatesApi(caller)
        self.notices = NoticesApi(caller)
        self.notice_templates = NoticeTemplatesApi(caller)
        self.users = UsersApi(caller)
        self.tags = TagsApi(caller)
        self.media = MediaApi(caller)
        self.mass = MassApi(caller)
        self.drafts = DraftsApi(caller)
        self.publishing = PublishingApi(caller)
        self.comments = CommentsApi(caller)
        self.statistics = StatisticsApi(caller)
        self.qrcodes = QrCodesApi(caller)
        self.tickets = TicketsApi(caller)
        self.base = BaseApi(caller)
        # A mini-program's own.
        self.logins = LoginsApi(caller)
        self.miniprogram_codes = MiniProgramCodesApi(caller)
        self.links = LinksApi(caller)
        self.content_checks = ContentChecksApi(caller)

    def __repr__(self) -> str:
        return f"WeChatClient({self.app_id!r})"
