"""The caller: who he is to us, his membership, and binding himself to the roster."""

from datetime import date

from fastapi import APIRouter, Response
from pydantic import Field

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.problems import ApiRefusal
from app.api.routes import Route
from app.api.shapes import ConsentVersion, Strict
from app.api.tags import IfMatch, check
from app.clock import civil_date
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import NotFound
from app.services import binding, followers, members
from app.services.binding import Proof, Taken
from app.services.guesses import NotFitting
from app.services.purposes import MEMBERSHIP
from models import LINEAGE, Member

router = APIRouter(prefix="/me", tags=["我"], route_class=Route)


class MembershipOut(Strict):
    staff_number: str = Field(examples=["10001"])
    name: str = Field(examples=["李娜"])
    branch: list[str] = Field(
        examples=[["黄陵供电公司工会", "北区分工会", "抢修一班"]], description="从上到下"
    )
    post: str = Field(examples=["配电运维"])
    kind: str = Field(examples=["在职"], description="在职、劳务派遣、退休")
    has_left: bool = Field(examples=[False], description="已经离开：会员的权利不再有")


class MeOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    membership: MembershipOut | None


class ProofIn(Strict):
    """工号、姓名，再加一样：手机号后四位或出生日期。"""

    staff_number: str = Field(min_length=1, max_length=32, examples=["10001"])
    name: str = Field(min_length=1, max_length=40, examples=["李娜"])
    phone_end: str | None = Field(None, pattern=r"^[0-9]{4}$", examples=["5678"])
    born_on: date | None = Field(None, examples=["1985-03-05"])
    consent_version: ConsentVersion

    def proof(self) -> Proof:
        """Raises: ApiRefusal: not exactly one more fact."""
        if (self.phone_end is None) == (self.born_on is None):
            raise ApiRefusal(422, "one_fact", "再填一样", "手机号后四位和出生日期，正好填一样。")
        return Proof(self.staff_number, self.name, self.phone_end or "", self.born_on)


@router.get("", response_model=MeOut, operation_id="getMe")
async def me(caller: Caller, session: ReadSession, now: Now) -> MeOut:
    """我是谁：随机编号，和绑定的会员信息。"""
    own = await members.find_of_person(session, caller.known.person_id)
    public_id = await followers.public_id_of(session, caller.known.person_id)
    return MeOut(id=public_id, membership=None if own is None else _out(own, civil_date(now)))


@router.get(
    "/membership", response_model=MembershipOut, responses=documented(404), operation_id="getMembership"
)
async def membership(caller: Caller, session: ReadSession, now: Now) -> MembershipOut:
    """花名册里我的资料。没有绑定是 404。"""
    own = await members.find_of_person(session, caller.known.person_id)
    if own is None:
        raise NotFound("还没有绑定工号。")
    return _out(own, civil_date(now))


@router.put(
    "/membership", response_model=MembershipOut, responses=documented(409), operation_id="bindMembership"
)
async def bind(caller: Caller, given: ProofIn, session: WriteSession, now: Now) -> MembershipOut | Response:
    """绑定工号。对不上是 422（code: does_not_fit），一天最多 5 次；不会说是哪一项不对。

    绑定着别的微信号是 409（code: bound_elsewhere），可以用 POST /me/changes/move 申请换过来。
    """
    proof = given.proof()
    if (refused := problems.without_consent(MEMBERSHIP, given.consent_version)) is not None:
        return refused
    found = await binding.bind(session, caller.known.person_id, proof, channel="api", now=now)
    if isinstance(found, NotFitting):
        return problems.does_not_fit(found, "花名册")
    if isinstance(found, Taken):
        said = "这个工号已经绑定了另一个微信号。是您本人换了微信，可以申请把绑定换过来。"
        return problems.answer(409, "bound_elsewhere", "绑定了别的微信号", said)
    return _out(found.member, civil_date(now))


@router.delete("/membership", status_code=204, operation_id="unbindMembership")
async def unbind(caller: Caller, session: WriteSession, now: Now, seen: IfMatch = None) -> None:
    """解除绑定。没有绑定也不算错。"""
    own = await members.find_of_person(session, caller.known.person_id)
    if own is not None:
        check(seen, _out(own, civil_date(now)))
    await binding.unbind(session, caller.known.person_id, channel="api", now=now)


def _out(member: Member, today: date) -> MembershipOut:
    return MembershipOut(
        staff_number=member.staff_number,
        name=member.name,
        branch=member.branch.lineage.split(LINEAGE),
        post=member.post,
        kind=member.kind.label,
        has_left=member.has_left(today),
    )
