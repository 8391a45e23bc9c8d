"""The sandbox's own small database: tables, and a thin way to ask them.

Each module holds the statements of its own subject; here are only the schema and the connection.
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

Row = dict[str, Any]
COMMIT_SECONDS = 0.05

SCHEMA = """
create table if not exists person (
    openid text primary key, name text not null, following integer not null default 0,
    subscribed_at integer not null default 0, remark text not null default '',
    scene text not null default 'ADD_SCENE_SEARCH', qr_scene text not null default '',
    platform text not null default '1', refuses integer not null default 0,
    blacklisted integer not null default 0, position integer not null
);
create table if not exists tag (id integer primary key, name text not null unique);
create table if not exists person_tag (
    seq integer primary key autoincrement, openid text not null, tag_id integer not null,
    unique (openid, tag_id)
);
create table if not exists message (
    id integer primary key autoincrement, openid text not null, direction text not null,
    type text not null, content text not null, at real not null, exchange_id integer
);
create index if not exists message_by_person on message (openid, id);
create table if not exists exchange (
    id integer primary key autoincrement, openid text not null, kind text not null,
    label text not null, at real not null, detail text not null
);
create table if not exists call (
    id integer primary key autoincrement, at real not null, method text not null,
    path text not null, errcode integer not null, detail text not null
);
create table if not exists menu (
    id integer primary key, buttons text not null, matchrule text, at real not null
);
create table if not exists token (
    value text primary key, kind text not null, issued_at real not null,
    expires_at real not null, revoked integer not null default 0,
    app text not null default 'account'
);
create table if not exists allowance (
    openid text not null, action text not null, until real not null, left integer not null,
    at real not null, primary key (openid, action)
);
create table if not exists media (
    id text primary key, kind text not null, file_name text not null,
    content_type text not null, data blob not null, at real not null,
    permanent integer not null default 0, app text not null default 'account'
);
create table if not exists media_text (
    id text primary key, title text not null, introduction text not null
);
create table if not exists short_key (
    key text primary key, data text not null, at real not null, expires_at real not null
);
create table if not exists qr_ticket (
    ticket text primary key, scene text not null, url text not null, permanent integer not null,
    expires_at real not null
);
create table if not exists private_template (
    id text primary key, app_id text not null, kind text not null, title text not null,
    content text not null, example text not null, type integer not null, tid text not null,
    keywords text not null, scene text not null, options text not null
);
create table if not exists sent_notice (
    msgid integer primary key, app_id text not null, path text not null, openid text not null,
    template_id text not null, title text not null, content text not null, client_msg_id text,
    at real not null, blocked integer not null
);
create index if not exists sent_notice_once on sent_notice (openid, client_msg_id);
create table if not exists subscription (
    app_id text not null, openid text not null, template_id text not null,
    left integer not null default 0, standing integer not null default 0,
    kept text not null default '', primary key (app_id, openid, template_id)
);
create table if not exists restriction (
    app_id text not null, template_id text not null, how text not null,
    primary key (app_id, template_id)
);
create table if not exists service_notice (
    id integer primary key autoincrement, app_id text not null, openid text not null,
    content text not null, at real not null
);
create table if not exists one_off_consent (
    openid text not null, scene integer not null, left integer not null,
    primary key (openid, scene)
);
create table if not exists quota (
    app text not null, path text not null, day text not null, used integer not null,
    primary key (app, path, day)
);
create table if not exists sign_in_code (
    code text primary key, person text not null, openid text not null, scope text not null,
    at real not null, used integer not null default 0
);
create table if not exists sign_in_token (
    access text primary key, refresh text not null, openid text not null, scope text not null,
    ends_at real not null, refresh_ends_at real not null
);
create table if not exists consent (openid text primary key, at real not null);
create table if not exists js_ticket (
    value text primary key, kind text not null, expires_at real not null
);
create table if not exists visitor (
    openid text primary key, person text not null unique, phone text not null,
    session_key text not null default '', used_at real not null default 0,
    risk integer not null default 0, blocked integer not null default 0
);
create table if not exists miniprogram_code (
    code text primary key, openid text not null, purpose text not null, expires_at real not null,
    used integer not null default 0
);
create table if not exists miniprogram_link (
    id text primary key, kind text not null, path text not null, query text not null,
    env text not null, checked integer not null, expires_at real not null, at real not null
);
create table if not exists draft (
    id text primary key, articles text not null, created_at integer not null, updated_at integer not null
);
create table if not exists article (
    key text primary key, article_id text not null, number integer not null, msg_data_id integer not null,
    way text not null, comments integer not null, fans_only integer not null, at integer not null,
    banned integer not null default 0
);
create index if not exists article_by_place on article (msg_data_id, number);
create table if not exists article_act (
    id integer primary key autoincrement, key text not null, openid text not null, act text not null,
    way text not null, at real not null, undone integer not null default 0
);
create table if not exists follow_log (
    id integer primary key autoincrement, openid text not null, scene text not null,
    came integer not null, at real not null
);
create index if not exists article_act_by_time on article_act (at);
create index if not exists article_act_by_key on article_act (key, act);
create table if not exists comment (
    id integer primary key autoincrement, key text not null, openid text not null, content text not null,
    at integer not null, elected integer not null default 0, taken_back integer not null default 0,
    reply text not null default '', reply_at integer not null default 0
);
create index if not exists comment_by_key on comment (key);
create table if not exists publish_job (
    id integer primary key, media_id text not null, msg_data_id integer not null, articles text not null,
    at real not null, status integer not null, ends integer not null, fail_idx text not null,
    article_id text not null default ''
);
create table if not exists publication (id text primary key, items text not null, at integer not null);
create table if not exists mass_job (
    msg_id integer primary key, msg_data_id integer not null, way text not null, to_all integer not null,
    tag_id integer, type text not null, content text not null, media_id text not null,
    client_msg_id text not null, at real not null, day text not null, state text not null,
    planned text not null, failing integer not null, status text not null default '',
    total integer not null default 0, filtered integer not null default 0, sent integer not null default 0,
    failed integer not null default 0, told integer not null default 0, deleted integer not null default 0,
    reprint text not null default ''
);
create index if not exists mass_job_by_client on mass_job (client_msg_id, at);
create table if not exists mass_receiver (
    msg_id integer not null, openid text not null, state text not null, primary key (msg_id, openid)
) without rowid;
create table if not exists mass_received (
    openid text not null, month text not null, times integer not null, primary key (openid, month)
) without rowid;
create table if not exists weibo_token (
    value text primary key, uid text not null, name text not null, expires_at real not null
);
create table if not exists weibo_post (
    id integer primary key, uid text not null, text text not null, plain text not null,
    picture text not null, ip text not null, at real not null, seen integer not null
);
create table if not exists setting (name text primary key, value text not null);
"""
TABLES = re.findall(r"create table if not exists (\w+)", SCHEMA)
# State files from before there was a second app.
PASSING = ("token", "quota")  # made anew: what they held passes by itself
GROWN = ("media",)


class Database:
    """One SQLite connection; the sandbox is a single process.

    What is written while a loop runs is committed a moment later and together: a transaction for every
    statement would be half the cost of a call. Who reads through this connection sees it at once.
    """

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._connection.row_factory = sqlite3.Row
        self._closed = False
        self._settings: dict[str, str | None] = {}  # as in the table: asked for with every call
        for table in PASSING:
            if self._lacks_app(table):
                self.run(f"drop table {table}")
        # Losing the last second of a toy's chat at power loss is no harm.
        self._connection.executescript("pragma journal_mode=wal; pragma synchronous=off;" + SCHEMA)
        for table in GROWN:
            if self._lacks_app(table):
                self.run(f"alter table {table} add column app text not null default 'account'")

    def _lacks_app(self, table: str) -> bool:
        columns = {row["name"] for row in self.all(f"pragma table_info({table})")}
        return bool(columns) and "app" not in columns

    def _write(self, statement: str, values: Sequence[Any]) -> sqlite3.Cursor:
        if not self._connection.in_transaction:
            with suppress(RuntimeError):  # no loop to come back: commit at once
                asyncio.get_running_loop().call_later(COMMIT_SECONDS, self.commit)
                self._connection.execute("begin")
        return self._execute(statement, values)

    def _execute(self, statement: str, values: Sequence[Any]) -> sqlite3.Cursor:
        """Numbered places are names to the driver: from Python 3.14 on it takes no plain list for them."""
        if "?1" in statement:
            return self._connection.execute(statement, {str(n): each for n, each in enumerate(values, 1)})
        return self._connection.execute(statement, values)

    def commit(self) -> None:
        """Keep at once what was written: for what was promised to somebody and must outlive a kill."""
        if not self._closed and self._connection.in_transaction:
            self._connection.execute("commit")

    def run(self, statement: str, *values: Any) -> int:
        """Execute and return the id of an inserted row."""
        return self._write(statement, values).lastrowid or 0

    def changed(self, statement: str, *values: Any) -> int:
        """Execute and return how many rows it touched."""
        return self._write(statement, values).rowcount

    def all(self, statement: str, *values: Any) -> list[Row]:
        return [dict(row) for row in self._execute(statement, values)]

    def find(self, statement: str, *values: Any) -> Row | None:
        row = self._execute(statement, values).fetchone()
        return dict(row) if row else None

    def count(self, statement: str, *values: Any) -> int:
        return int(self._execute(statement, values).fetchone()[0] or 0)

    def setting(self, name: str, default: Any = None) -> Any:
        if name not in self._settings:
            row = self.find("select value from setting where name = ?", name)
            self._settings[name] = row["value"] if row else None
        text = self._settings[name]
        return default if text is None else json.loads(text)

    def set(self, name: str, value: Any) -> None:
        self.run("insert or replace into setting values (?, ?)", name, json.dumps(value))
        self._settings.pop(name, None)

    def empty(self, tables: Sequence[str] = TABLES) -> None:
        self._settings.clear()
        for table in tables:
            self.run(f"delete from {table}")  # noqa: S608  (names from the constant above)

    def close(self) -> None:
        self.commit()
        self._closed = True
        self._connection.close()
