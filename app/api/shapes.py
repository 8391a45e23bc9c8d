"""What bodies of the API have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A field that is not known is a mistake of the caller, told and not passed over."""

    model_config = ConfigDict(extra="forbid")


ConsentVersion = Annotated[
    str,
    Field(max_length=16, examples=["2026-12"], description="本人同意的说明的版本，见 /me/privacy/consents"),
]
