"""导入户号登记."""

from typing import Final

from app.console.imports import Sheets, router_for
from app.services import customer_sheets
from app.services.customer_rows import FORM
from app.services.permissions import Right
from models import UploadKind

SHEETS: Final = Sheets(
    kind=UploadKind.REGISTER,
    right=Right.CUSTOMERS_EDIT,
    home="/console/customers",
    home_label="户号",
    title="户号登记",
    form=FORM,
    template=customer_sheets.template,
    area="customers",
    may_be_complete=False,
)
router = router_for(SHEETS)
