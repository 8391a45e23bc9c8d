"""Two posters of the demonstration's first activity, and how many came by each; nobody stands behind a scan.

Their codes and pictures are made by the service itself, as soon as it runs.
"""

from typing import Final

from app.assembly import House
from app.clock import start_of_day
from app.services import activities, permissions, posters, staff, staff_jobs
from models import PosterScan

LOGIN: Final = "admin"
PLACES: Final = {"食堂门口": (23, 9), "北区大厅": (11, 2)}  # who scanned, and who of them began to follow
MAKE: Final = "activities.posters"


async def hang(house: House) -> None:
    now = house.clock.now()
    async with house.database.transaction() as session:
        ahead = await activities.list_ahead(session, now, 20)
        activity = next((each for each in ahead if each.title == "职工羽毛球赛"), None)
        if activity is None:
            return
        for place, (people, new) in PLACES.items():
            poster = await posters.add(session, activity, place, now)
            for number in range(people):
                scan = PosterScan(poster_id=poster.id, followed=number < new, scanned_at=start_of_day(now))
                session.add(scan)
        standing = await permissions.standing_of(session, await staff.get_by_login(session, LOGIN))
        title, given = f"制作海报：{activity.title}", {"activity": activity.public_id}
        await staff_jobs.start(session, standing, MAKE, title, given, now)
