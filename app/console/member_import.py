"""导入花名册."""

from typing import Final

from app.console.imports import Sheets, router_for
from app.services import roster_sheets, roster_templates
from app.services.permissions import Right
from models import UploadKind

SHEETS: Final = Sheets(
    kind=UploadKind.ROSTER,
    right=Right.MEMBERS_EDIT,
    home="/console/members",
    home_label="会员",
    title="花名册",
    form=roster_sheets.FORM,
    template=roster_templates.template,
    area="members",
    may_be_complete=True,
)
router = router_for(SHEETS)
