"""What bodies of the API have in common."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, field_validator

ConsentVersion = Annotated[
    str,
    Field(max_length=16, examples=["2026-12"], description="本人同意的说明的版本，见 /me/privacy/consents"),
]
PublicId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["k7m2p9q4r8s3t6vw"])]


class Strict(BaseModel):
    """A field that is not known is a mistake of the caller, told and not passed over."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="after")
    @classmethod
    def _can_be_kept(cls, value: object) -> object:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("no text of a database holds this character")
        return value
