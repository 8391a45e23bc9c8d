"""What bodies of the API have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A field that is not known is a mistake of the caller, told and not passed over."""

    model_config = ConfigDict(extra="forbid")
