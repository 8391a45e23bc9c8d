"""What backs a clarification, as the form has it: words, addresses, and a file for each piece.

A file is kept before the form is saved: where something else is wrong the form comes back with it. The same
file again is the one that is there.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from starlette.datastructures import FormData

from app.console import forms
from app.console.entrance import Desk
from app.console.media_checks import ACCEPTED, LARGEST, looks_like
from app.console.media_uploads import Incoming, called, sent
from app.files import MIB
from app.services import article_media, clarification_work
from app.services.board_work import Seen
from app.services.clarification_evidence import OWNER, PIECES, Given
from models import MediaSort

CHOSEN: Final = ",".join(ACCEPTED[each] for each in (MediaSort.PICTURE, MediaSort.DOCUMENT))
HINT: Final = (
    "每条可以带一个附件，谁都可以看：PDF、Word（.docx）、Excel（.xlsx）或 ZIP，"
    f"{LARGEST[MediaSort.DOCUMENT] // MIB} MB 以内；或者 JPG、PNG、WebP、GIF 图片，"
    f"{LARGEST[MediaSort.PICTURE] // MIB} MB 以内，拍摄地点自动去掉。"
)


def typed(form: FormData) -> list[Given]:
    """As many as there may be, whatever was typed."""
    return [_typed(form, number) for number in range(PIECES)]


def _typed(form: FormData, number: int) -> Given:
    text, url = forms.words(form, f"evidence-{number}"), forms.words(form, f"link-{number}")
    if forms.words(form, f"gone-{number}") == "yes":
        return Given(text, url)
    return Given(text, url, forms.words(form, f"file-{number}")[:16], forms.words(form, f"alt-{number}"))


async def take(form: FormData, desk: Desk, seen: Seen, now: datetime) -> tuple[list[Given], str]:
    """What was typed, with what was sent; and what was refused of that, in words.

    Raises: NotFound; MovedOn, NotNow: it would not be saved; DomainError: there are too many already.
    """
    given = typed(form)
    uploads = {number: list(sent(form, f"upload-{number}")) for number in range(PIECES)}
    if not any(uploads.values()):
        return given, ""
    async with desk.reading() as session:
        await clarification_work.check_may_save(session, seen)
        known = await article_media.digests_of(session, seen.public_id, OWNER)
    incoming = Incoming(desk, OWNER, seen.public_id, now, known)
    for number, files in uploads.items():
        if len(files) > 1:
            incoming.refused.append(f"第 {number + 1} 条依据只能带一个附件，请分成几条")
        elif files:
            data = await files[0].read()
            if new := await incoming.take(called(files[0]), data, looks_like(data)):
                given[number] = replace(given[number], file=new.id)
    await incoming.keep()
    return given, f"{'；'.join(incoming.refused)}。" if incoming.refused else ""
