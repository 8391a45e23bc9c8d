"""Who comes and what they answered, as the mini-program sends it: signing up, and saying otherwise later."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.shapes import Strict
from app.services.parties import Guest, Party

Answer = Annotated[str, StringConstraints(max_length=400)]


class CompanionIn(Strict):
    name: str = Field(max_length=40, examples=["小明"])
    age: int = Field(ge=0, le=120, examples=[8], description="活动那天几周岁")


class GuardianIn(Strict):
    name: str = Field(max_length=40, examples=["李娜"])
    agrees: bool = Field(examples=[True], description="看过 guardian_words 的话，表示同意")


class ComingIn(Strict):
    seats: int = Field(1, ge=1, le=20, examples=[1], description="几个人，包括自己")
    answers: dict[str, Answer] = Field(
        default_factory=dict, max_length=20, examples=[{"size": "M"}], description="按 questions 的 key"
    )
    companions: list[CompanionIn] = Field(
        default_factory=list, max_length=9, examples=[[]], description="names_guests 的活动：每位同伴"
    )
    guardian: GuardianIn | None = Field(None, examples=[None], description="同伴有不满 14 周岁的，监护人")

    def typed(self) -> str:
        """All that somebody has written, for whoever looks for danger in it."""
        guardian = [self.guardian.name] if self.guardian is not None else []
        return "\n".join([*self.answers.values(), *(each.name for each in self.companions), *guardian])

    def party(self) -> Party:
        guests = tuple(Guest(each.name, each.age) for each in self.companions)
        if self.guardian is None:
            return Party(guests)
        return Party(guests, self.guardian.name, self.guardian.agrees)
