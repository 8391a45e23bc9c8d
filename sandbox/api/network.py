"""Looking up and pinging the callback from the platform's side (section 1.3)."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from sandbox.api.registry import BOTH, Answer, Call, endpoint, string
from sandbox.errors import ApiError

ACTIONS = ("dns", "ping", "all")
OPERATORS = ("CHINANET", "UNICOM", "CAP", "DEFAULT")


@endpoint("/cgi-bin/callback/check", apps=BOTH)
async def check(call: Call) -> Answer:
    """Always well: the service is on this machine, so nothing is sent."""
    body = call.json()
    action, operator = string(body, "action"), string(body, "check_operator")
    host = urlsplit(call.world.config.url_for(call.app)).hostname
    if not host:
        raise ApiError(40201, "invalid url", "没有设置回调地址")
    if action not in ACTIONS:
        raise ApiError(40202, "invalid action", f"action 应为 {'、'.join(ACTIONS)}")
    if operator not in OPERATORS:
        raise ApiError(40203, "invalid check_operator", f"check_operator 应为 {'、'.join(OPERATORS)}")
    ip = _address(host)
    whose = operator if operator != "DEFAULT" else "CAP"
    answer: dict[str, list[dict[str, str]]] = {}
    if action != "ping":
        answer["dns"] = [{"ip": ip, "real_operator": whose}]
    if action != "dns":
        answer["ping"] = [{"ip": ip, "from_operator": whose, "package_loss": "0%", "time": "0.042ms"}]
    return dict(answer)


def _address(host: str) -> str:
    """An address stays; every name is this machine."""
    try:
        return str(ip_address(host))
    except ValueError:
        return "127.0.0.1"
