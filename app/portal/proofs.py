"""What a page says of a proof that was tried in vain."""

from app.services.guesses import NotFitting

_ASK_STAFF = "，或在公众号里回复「人工」请工作人员核对"


def did_not_fit(found: NotFitting, known: str) -> str:
    """`known` is what it was held against."""
    return f"和{known}对不上，请核对后再试。{found.told(_ASK_STAFF)}"
