"""One-off subscription messages (section 8.3): one template of the account, one message per consent."""

import base64

from sandbox.config import digest
from sandbox.errors import ApiError
from sandbox.world import World

SCENES = range(10_001)


def template_id(world: World) -> str:
    """The account's only one; the console shows it."""
    return base64.urlsafe_b64encode(digest(world.config.app_id, "template:one-off")).decode()[:43]


def scene_of(given: object) -> int | None:
    """A scene as pages and calls write it; None when it is none."""
    text = str(given)
    return int(text) if text.isascii() and text.isdecimal() and int(text) in SCENES else None


def consent(world: World, openid: str, scene: int) -> None:
    world.db.run(
        "insert into one_off_consent values (?, ?, 1) "
        "on conflict (openid, scene) do update set left = left + 1",
        openid,
        scene,
    )


def spend(world: World, openid: str, scene: int) -> None:
    """
    Raises:
        ApiError: 43101 no consent is left for this scene.
    """
    statement = "update one_off_consent set left = left - 1 where openid = ? and scene = ? and left > 0"
    if not world.db.changed(statement, openid, scene):
        raise ApiError(43101, "user refuse to accept the msg", f"场景 {scene} 没有未用的授权")
