"""App id and secret, where a call brings them instead of a token."""

from sandbox.config import App
from sandbox.crypto import same
from sandbox.errors import ApiError
from sandbox.world import World


def app_named(world: World, app_id: str) -> App:
    """The official account or the mini-program.

    Raises:
        ApiError: 41002 no id, 40013 nobody's here.
    """
    if not app_id:
        raise ApiError(41002, "appid missing", "缺少 appid")
    for app in world.config.apps.values():
        if app.app_id == app_id:
            return app
    raise ApiError(40013, "invalid appid", "appid 不是这个公众号的，也不是它的小程序的")


def check_secret(app: App, secret: str) -> None:
    """Let the app in.

    Raises:
        ApiError: 41004 no secret, 40125 a wrong one.
    """
    if not secret:
        raise ApiError(41004, "appsecret missing", "缺少 secret")
    if not same(secret, app.app_secret):
        raise ApiError(40125, "invalid appsecret", "secret 不正确")
