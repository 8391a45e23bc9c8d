"""What the record keeps of an act: values before and after, of what was changed, added and taken away."""

from typing import Any

from models import Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, employ, ends, staff_row

__all__ = ["admin", "ends"]


async def test_values_before_and_after_are_kept_and_nothing_else(ends: Ends, admin: Worker) -> None:
    li = await staff_row(ends, (await employ(ends, "李娜", Role.EDITOR)).login)

    await admin.does(f"/staff/{li.public_id}/name", name="李娜娜")

    (act,) = await acts_of(ends, "staff.rename")
    changes: Any = act.changes
    (change,) = changes
    assert (change["table"], change["id"]) == ("staff", li.id)
    assert change["before"] == {"name": "李娜"}
    assert change["after"] == {"name": "李娜娜"}
    assert act.public_id and act.by == "王强" and act.address


async def test_rows_added_and_taken_away_are_kept_whole(ends: Ends, admin: Worker) -> None:
    li = await staff_row(ends, (await employ(ends, "李娜", Role.EDITOR)).login)

    await admin.does(f"/staff/{li.public_id}/roles", role="lawyer", branch="")

    (act,) = await acts_of(ends, "staff.roles")
    changes: Any = act.changes
    grants = [each for each in changes if each.get("table") == "staff_grant"]
    assert [each["after"]["role"] for each in grants if each["after"]] == ["lawyer"]
    assert [each["before"]["role"] for each in grants if not each["after"]] == ["editor"]
