"""Printing a case: it is read, its pictures are fetched, and the pages are made. May be done twice."""

import asyncio
import hashlib

import structlog

from app.clock import civil_date
from app.jobs.dossier_pages import Pages
from app.jobs.staff_jobs import Bench, Ended, standing_of
from app.services import dossiers
from app.services.case_files import CaseFile

log = structlog.get_logger(__name__)

MOST_PICTURES = 200


async def print_case(bench: Bench) -> Ended:
    """`given`: as `dossiers.start` leaves it."""
    standing = await standing_of(bench)
    async with bench.database.reading() as session:
        case, dossier = await dossiers.collect(
            session, standing, bench.given, bench.job.created_at, bench.clock.now()
        )
    pictures: dict[str, bytes] = {}
    shown = [each for each in dossier.files if not each.missing and each.content_type.startswith("image/")]
    for number, file in enumerate(shown[:MOST_PICTURES], 1):
        if (data := await _bytes_of(bench, file)) is not None:
            pictures[file.public_id] = data
        await bench.went_on(number, len(shown) + 1)
    made = await asyncio.to_thread(Pages(dossier, pictures).pdf)
    day = f"{civil_date(bench.clock.now()):%Y%m%d}"
    name = f"卷宗-{day}.pdf" if case.anonymous else f"卷宗-{case.number}-{day}.pdf"
    return Ended("卷宗好了。", made, name, "application/pdf")


async def _bytes_of(bench: Bench, file: CaseFile) -> bytes | None:
    """None: they are gone, or not those that were stored."""
    try:
        data = await bench.files.get(file.public_id)
    except FileNotFoundError:
        log.error("file_lost", file=file.public_id)
        return None
    if file.sha256 and hashlib.sha256(data).hexdigest() != file.sha256:
        log.error("file_changed", file=file.public_id)
        return None
    return data
