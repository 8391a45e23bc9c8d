"""Who answers for the data, and whom he entrusts it to: an operator's file, read at start (PIPL 17, 21)."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.content_files import in_chinese, read_yaml
from app.errors import OperatorError

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Processor(BaseModel):
    """Somebody who handles data for us, bound by a contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    what_for: Line
    kinds: Line


class Controller(BaseModel):
    """Who decides about the data and answers for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    address: Line
    contact: Line
    processors: tuple[Processor, ...] = ()


NOT_NAMED = Controller(
    name="本公众号的主办单位", address="请在公众号里询问", contact="在公众号里回复「人工」"
)
"""Where there is no file: an older content folder must not keep the service from starting."""


def load(path: Path) -> Controller:
    """Who is named in the file; `NOT_NAMED` where there is none, and `gonghui doctor` says so.

    Raises: OperatorError: it cannot be read, or something in it is wrong.
    """
    if not path.exists():
        return NOT_NAMED
    document = read_yaml(path)
    try:
        return Controller.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "内容"
        raise OperatorError(f"{path.name}：{field}：{in_chinese(first)}") from None
