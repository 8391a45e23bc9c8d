"""Who signed a colleague up. Not here: the sign-up itself (`models.activity`)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class SignUpHelp(Base):
    """At most one for each sign-up: it was made by somebody else than the one who is to come."""

    __tablename__ = "sign_up_help"

    sign_up_id: Mapped[int] = mapped_column(sa.ForeignKey("sign_up.id"), unique=True)
    helper_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # None: gone
    made_at: Mapped[datetime]
