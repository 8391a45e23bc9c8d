"""Telephone lines people may need, in one table, and the one way they are written out."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    DANGER = "danger"
    ELECTRICITY = "electricity"
    UNION = "union"
    LAW = "law"
    MIND = "mind"
    GOVERNMENT = "government"


@dataclass(frozen=True, slots=True)
class Hotline:
    """`note` says what it is for or when it is staffed, in a few words."""

    number: str
    name: str
    note: str
    subject: Subject


HOTLINES = (
    Hotline("110", "报警", "", Subject.DANGER),
    Hotline("119", "火警", "", Subject.DANGER),
    Hotline("120", "急救", "", Subject.DANGER),
    Hotline("122", "交通事故", "", Subject.DANGER),
    Hotline("95598", "供电服务热线", "24 小时，报修、咨询、投诉", Subject.ELECTRICITY),
    Hotline("12398", "能源监管热线", "对 95598 的处理不满意时再打", Subject.ELECTRICITY),
    Hotline("029-12351", "工会服务职工热线", "陕西，维权、困难帮扶", Subject.UNION),
    Hotline("12348", "公共法律服务热线", "免费，各地接听时间不同", Subject.LAW),
    Hotline("12333", "人力资源和社会保障热线", "工资、社保，上班时间", Subject.LAW),
    Hotline("12356", "全国统一心理援助热线", "每天至少 18 小时，可以不说姓名", Subject.MIND),
    Hotline("12355", "青少年服务台", "孩子的心理和权益，各地接听时间不同", Subject.MIND),
    Hotline("12345", "政务服务便民热线", "24 小时，政府部门的事", Subject.GOVERNMENT),
)


def find(number: str) -> Hotline:
    """One of the table, by its number. Raises: KeyError."""
    return {each.number: each for each in HOTLINES}[number]


def lines(*subjects: Subject | str, but: Collection[str] = ()) -> str:
    """One line for each hotline of `subjects`, in the table's order; emergency numbers share a line.

    `but`: numbers left out.
    """
    chosen = [each for each in HOTLINES if each.number not in but]
    wanted = {Subject(subject) for subject in subjects} or set(Subject)
    written = []
    if Subject.DANGER in wanted:
        urgent = "、".join(f"{each.name} {each.number}" for each in chosen if each.subject is Subject.DANGER)
        written.append(urgent)
    for each in chosen:
        if each.subject in wanted and each.subject is not Subject.DANGER:
            note = f"（{each.note}）" if each.note else ""
            written.append(f"{each.number} {each.name}{note}")
    return "\n".join(written)
