"""Which columns of which tables lead to a person: for tables of rules that must name every one."""

from models.base import Base

DIGESTS = {  # without a foreign key
    "case_reporter.person_digest",
    "consent.person_digest",
    "appointment.person_digest",
    "board_post.author_digest",
    "board_like.person_digest",
    "board_report.person_digest",
    "article_comment.author_digest",
    "comment_report.person_digest",
    "clarification_report.person_digest",
    "feedback_answer.person_digest",
}


def leads_to(*tables: str) -> set[str]:
    """`table.column` of every foreign key to one of `tables`."""
    return {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name in tables
    }
