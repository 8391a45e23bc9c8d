"""Logs: one line per happening, JSON or readable, UTC, with the request it belongs to, and nobody's data.

Our own lines and those of libraries take one road to stderr (stdout belongs to commands). Exceptions are
told by type, code and place: their words may quote what somebody wrote. Masking is the last step before a
line is written: it is a net under the rule that texts are not logged, not leave to log them. Messages are
counted in `app.metrics` and have no line of their own.
"""

import copy
import hashlib
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

DEPTH = 6  # levels of nested data that are looked into; deeper ones are not shown

SECRET_KEYS = re.compile(
    r"(?:^|_)(?:secret|token|password|passwd|authorization|cookie|aes_key|secret_key|lookup_key"
    r"|encryption_keys?|ticket|session_key)$"
)
TEXT_KEYS = frozenset(
    (
        *("content", "text", "body", "xml", "raw", "payload", "reply", "recognition", "excerpt"),
        *("answer", "answers", "story", "remark"),
        *("name", "nickname", "phone", "mobile", "id_number", "address", "location"),
    )
)
PERSON_KEYS = frozenset(("openid", "openids", "unionid", "from_user", "to_user", "touser"))

# Spelled-out values inside strings. Digits on either side mean another number (a MsgId, a sum).
OPENID = re.compile(r"(?<![A-Za-z0-9_-])o(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])")
PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?\d{4}[- ]?(\d{4})(?!\d)")
ID_NUMBER = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dXx])"
)
GIVEN_SECRET = re.compile(
    r"""((?:token|secret|js_code|password|ticket|session_key)["']?\s*[=:]\s*["']?)(?!\*\*\*)[^&\s"',}]+""",
    re.IGNORECASE,
)
BEARER = re.compile(r"\b(Bearer|Basic) [A-Za-z0-9._~+/=-]+")
URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s/]+(?=@)")
# What PostgreSQL adds to a refusal: the values of the row.
DETAIL = re.compile(r"DETAIL: .*")
SQL_PARAMETERS = re.compile(r"\[parameters: .*?\](?=\n|$)", re.DOTALL)

# What an exception may say of itself besides its type: numbers and names from fixed lists.
CODES = ("errno", "errcode", "sqlstate", "constraint_name", "sqlite_errorname")
# asyncio's own words; behind them it prints tasks with what they raised and returned.
ASYNCIO_WORDS = re.compile(r"[A-Za-z ,']*")


class _Stderr(logging.Handler):
    """Writes to what stderr is now, not to what it was when the logs were set up."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(_without_words(record)) + "\n"
            sys.stderr.write(line)
            sys.stderr.flush()
        except Exception as error:  # a line that cannot be written must not fail what it tells of
            with suppress(Exception):
                sys.stderr.write(f"a line of {record.name} could not be logged: {named(error)}\n")


def configure(log_format: Literal["json", "text"] = "json", level: int = logging.INFO) -> None:
    """Send all logs of this process to stderr. A second call replaces the first."""
    structlog.configure(
        processors=_OURS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(lambda raised: trace(raised[1])),
                mask,
                _renderer(log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _quiet_libraries()


def _quiet_libraries() -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "sqlalchemy"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in ("uvicorn.access", "httpx", "httpcore", "asyncio", "alembic", "sqlalchemy", "taskiq"):
        # httpx prints addresses at INFO, and those of WeChat carry the access token.
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderer(log_format: str) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    # It is given traces that are made already, and would warn if it hoped to make its own.
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# One list for the life of the process: loggers keep it once they have spoken.
_OURS: list[Processor] = [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]


def within_request(request_id: str) -> AbstractContextManager[None]:
    """Every line logged inside, in tasks started there too, carries `request_id`."""
    return structlog.contextvars.bound_contextvars(request_id=request_id)


# --- Exceptions without their words


def trace(error: BaseException | None) -> str:
    """Where `error` and what led to it came about: files, lines, types and codes, the oldest first."""
    return "".join(_told(error, set())).rstrip("\n")


def _told(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield "… and then:\n"
    yield from traceback.format_tb(error.__traceback__)
    yield named(error) + "\n"
    for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _told(inner, seen)


def named(error: BaseException) -> str:
    """The type of `error` and its codes, without a word of its message."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    codes = {code: getattr(error, code, None) for code in CODES}
    told = ", ".join(f"{code} {value}" for code, value in codes.items() if isinstance(value, int | str))
    return f"{name} ({told})" if told else name


def _without_words(record: logging.LogRecord) -> logging.LogRecord:
    """What libraries put into their lines: exceptions are named, tasks of asyncio left out."""
    record = copy.copy(record)
    if record.name == "asyncio" and (words := ASYNCIO_WORDS.match(record.getMessage())):
        record.msg, record.args = words[0].strip(), ()
    if isinstance(record.args, tuple):
        record.args = tuple(named(a) if isinstance(a, BaseException) else a for a in record.args)
    return record


# --- Masking

_OWN_KEYS = frozenset({"event", "level", "timestamp", "logger", "request_id"})


def mask(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """The line without secrets, and with people told apart but not named."""
    return {
        key: masked_text(str(value)) if key in _OWN_KEYS else _masked(key, value, DEPTH)
        for key, value in line.items()
    }


def _masked(key: object, value: Any, depth: int) -> Any:
    kind = str(key).lower()
    if value is None or isinstance(value, bool):
        return value
    if SECRET_KEYS.search(kind):
        return "***"
    if isinstance(value, Mapping):
        return {masked_text(str(k)): _masked(k, v, depth - 1) for k, v in value.items()} if depth else "…"
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, item, depth - 1) for item in value] if depth else "…"
    if isinstance(value, BaseException):
        return named(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if kind in PERSON_KEYS:
        return person_mark(str(value))
    if kind in TEXT_KEYS and not isinstance(value, float):
        shown = PHONE.fullmatch(str(value))
        return f"{shown[1]}****{shown[2]}" if shown else f"<{len(str(value))} characters>"
    if isinstance(value, int | float):
        return value if (text := str(value)) == masked_text(text) else masked_text(text)
    return masked_text(str(value))


def person_mark(openid: str) -> str:
    """Four characters and a digest: enough to follow one person through a log, not to write to him."""
    return f"{openid[:4]}…{hashlib.sha256(openid.encode()).hexdigest()[:8]}"


def masked_text(text: str) -> str:
    """`text` without the openids, phone and ID numbers, and secrets spelled out in it."""
    if "[parameters: " in text:
        text = SQL_PARAMETERS.sub("[parameters: ***]", text)
    if "DETAIL: " in text:
        text = DETAIL.sub("DETAIL: ***", text)
    text = GIVEN_SECRET.sub(r"\1***", text)
    text = URL_PASSWORD.sub(r"\1***", BEARER.sub(r"\1 ***", text))
    text = ID_NUMBER.sub("<ID number>", text)
    text = PHONE.sub(r"\1****\2", text)
    return OPENID.sub(lambda found: person_mark(found[0]), text)
