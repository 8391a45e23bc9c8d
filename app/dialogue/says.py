"""Replies an operator wrote in the menu file, as passive replies."""

from html import escape

from app.menus.targets import Say
from app.wechat.replies import Article, Image, News, Reply, Text, Voice, fit


def reply_of(say: Say) -> Reply:
    """`say` as a passive reply; a mini-program card becomes a line to tap, since cards cannot be passive."""
    spec = say.reply
    if spec.image:
        return Image(spec.image)
    if spec.voice:
        return Voice(spec.voice)
    if spec.article:
        article = spec.article
        return News((Article(article.title, article.description, article.picture or "", article.url),))
    if spec.card:
        card = spec.card
        attributes = (
            f'data-miniprogram-appid="{escape(card.appid)}" data-miniprogram-path="{escape(card.pagepath)}"'
        )
        return Text(f'<a {attributes} href="https://mp.weixin.qq.com">{escape(card.title)}</a>')
    return Text(fit(spec.text or ""))
