"""The two industries a service account declares; changing them ends its templates (section 8.1)."""

from sandbox.errors import ApiError
from sandbox.notices import templates
from sandbox.world import World

# The platform's numbered list, first and second class.
NAMES = dict(
    enumerate(
        (
            *(("IT科技", name) for name in ("互联网|电子商务", "IT软件与服务", "IT硬件与设备", "电子技术")),
            *(("IT科技", name) for name in ("通信与运营商", "网络游戏")),
            *(("金融业", name) for name in ("银行", "证券|基金|理财|信托", "保险")),
            ("餐饮", "餐饮"),
            *(("酒店旅游", name) for name in ("酒店", "旅游")),
            *(("运输与仓储", name) for name in ("快递", "物流", "仓储")),
            *(("教育", name) for name in ("培训", "院校")),
            *(("政府与公共事业", name) for name in ("学术科研", "交警", "博物馆", "公共事业|非盈利机构")),
            *(("医药护理", name) for name in ("医药医疗", "护理美容", "保健与卫生")),
            *(("交通工具", name) for name in ("汽车相关", "摩托车相关", "火车相关", "飞机相关")),
            *(("房地产", name) for name in ("建筑", "物业")),
            ("消费品", "消费品"),
            *(("商业服务", name) for name in ("法律", "会展", "中介服务", "认证", "审计")),
            *(("文体娱乐", name) for name in ("传媒", "体育", "娱乐休闲")),
            ("印刷", "印刷"),
            ("其它", "其它"),
        ),
        1,
    )
)
FIRST = (21, 32)  # declared when the account was opened, in an earlier month


def current(world: World) -> tuple[int, int]:
    first, second = world.db.setting("industries", FIRST)
    return int(first), int(second)


def change(world: World, first: object, second: object) -> None:
    """Declare two others; once a calendar month.

    Raises:
        ApiError: 40102 no such industry, 43100 already changed this month.
    """
    chosen = [int(str(one)) if str(one).isdecimal() else 0 for one in (first, second)]
    if not all(one in NAMES for one in chosen) or chosen[0] == chosen[1]:
        raise ApiError(40102, "invalid industry id", f"行业编号应是 1 至 {len(NAMES)} 中不同的两个")
    month = world.clock.today().strftime("%Y-%m")
    if world.db.setting("industries_changed") == month:
        raise ApiError(43100, "change template too frequently", "所属行业每月只能修改 1 次")
    world.db.set("industries", chosen)
    world.db.set("industries_changed", month)
    for row in templates.listed(world, world.config.app_id, templates.TEMPLATE):
        templates.delete(world, row["id"])
