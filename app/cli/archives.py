"""The file a backup is: members one after the other, a manifest at the end, sealed as a whole.

Inside is a compressed tar; up to version 1 that was all, and such archives can still be read.
"""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from app.clock import SHANGHAI
from app.errors import OperatorError
from app.sealed_stream import (
    MAGIC,
    Key,
    KeyUnknown,
    NewerStream,
    SealedReader,
    SealedWriter,
    is_sealed,
)

FORMAT = 2  # 1: not sealed, and without `lookup` and `keys`
MANIFEST = "manifest.json"
CLOCK = "%Y-%m-%d %H:%M:%S"  # in China
MEMBER = re.compile(r"database\.(sqlite|dump)|files/([0-9a-z]{8,32})")
CHUNK = 1024 * 1024
UNREADABLE = (OSError, EOFError, zlib.error, tarfile.TarError, LookupError, ValueError, TypeError)
UNTOUCHED = "没有恢复任何内容。"
NEWER = f"这份备份由更新的版本制作，请先升级程序，{UNTOUCHED}"

Members = dict[str, dict[str, Any]]  # name → size, sha256


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    made_at: str  # as `CLOCK`
    database: str  # sqlite, postgresql
    revision: str
    word: str  # sealed with the keys of its time
    members: Members
    lookup: str = ""  # a digest made with the look-up key of its time
    keys: tuple[
        str, ...
    ] = ()  # names of all that opened the database then; the first may not have sealed all

    @property
    def moment(self) -> datetime:
        return datetime.strptime(self.made_at, CLOCK).replace(tzinfo=SHANGHAI)

    @property
    def files(self) -> list[str]:
        return [name.removeprefix("files/") for name in self.members if name.startswith("files/")]

    def dump(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def load(cls, data: bytes) -> "Manifest":
        told = json.loads(data)
        if not isinstance(told, dict) or told.pop("format") not in range(1, FORMAT + 1):
            raise OperatorError(NEWER)
        manifest = cls(**told | {"keys": tuple(map(str, told.get("keys", ())))})
        _ = manifest.moment  # or it is nothing we wrote
        return manifest


def copy_name(kind: str) -> str:
    return "database.sqlite" if kind == "sqlite" else "database.dump"


# --- writing ------------------------------------------------------------------------------------------------


class Archive:
    """A backup being written; only its owner may read it."""

    def __init__(self, path: Path, key: Key) -> None:
        self.path = path
        self.members: Members = {}
        self._out = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._sealed = SealedWriter(self._out, key)
        # Nearly all of it is encrypted or a picture: trying harder would only take longer.
        self._tar = tarfile.open(fileobj=self._sealed, mode="w:gz", compresslevel=1)  # noqa: SIM115

    def add(self, name: str, size: int, source: IO[bytes]) -> None:
        summed = _Summed(source)
        self._add(name, size, summed)
        self.members[name] = {"size": size, "sha256": summed.digest.hexdigest()}

    def finish(self, manifest: Manifest) -> None:
        data = manifest.dump()
        self._add(MANIFEST, len(data), io.BytesIO(data))
        self._tar.close()
        self._sealed.close()
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()

    def _add(self, name: str, size: int, source: "IO[bytes] | _Summed") -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, source)


class _Summed:
    """Passes on what it reads, and sums it up."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        return data


# --- reading ------------------------------------------------------------------------------------------------


def verified(path: Path, keys: Sequence[Key]) -> Manifest:
    """The manifest of the backup at `path`, after every byte of it was compared with its sum.

    Raises:
        OperatorError: it is not a backup, not whole, was changed, or needs a key we do not have.
    """
    found: Members = {}
    manifest: Manifest | None = None
    try:
        for name, source in members(path, keys):
            if name == MANIFEST:
                manifest = Manifest.load(source.read())
                continue
            digest, size = hashlib.sha256(), 0
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
            found[name] = {"size": size, "sha256": digest.hexdigest()}
    except KeyUnknown as error:
        raise OperatorError(_key_needed(error)) from None
    except NewerStream:
        raise OperatorError(NEWER) from None
    except UNREADABLE as error:
        raise OperatorError(
            f"{path} 读不出来，不完整或被改动过，不是可用的备份，{UNTOUCHED}（{error}）"
        ) from error
    if manifest is None or found != manifest.members or copy_name(manifest.database) not in found:
        raise OperatorError(f"{path} 不完整或被改动过，与清单不符，{UNTOUCHED}")
    return manifest


def _key_needed(error: KeyUnknown) -> str:
    name = error.name if error.name.isprintable() else "?"
    if error.held:
        todo = "设置里同名的那一把打不开它：请换成制作备份时的那一把再试"
    else:
        todo = "设置里没有这一把：请把它加在 GONGHUI_BACKUP_KEYS 后面再试"
    return f"这份备份用钥匙 {name} 加密，{todo}，{UNTOUCHED}"


def members(path: Path, keys: Sequence[Key]) -> Generator[tuple[str, IO[bytes]], None, None]:
    """The archive's members in order. Names that we would not have written are refused, and so are links."""
    seen: set[str] = set()
    with path.open("rb") as raw:
        clear = _clear(raw, keys)
        with gzip.open(clear) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            for info in archive:
                known = info.name == MANIFEST or MEMBER.fullmatch(info.name)
                new = known and info.isreg() and info.name not in seen
                source = archive.extractfile(info) if new else None
                if source is None:
                    raise ValueError(f"unexpected member {info.name!r}")
                seen.add(info.name)
                yield info.name, source
            while plain.read(CHUNK):  # to the very end, where gzip keeps its own sum
                continue


def _clear(raw: IO[bytes], keys: Sequence[Key]) -> IO[bytes]:
    opening = raw.read(len(MAGIC))
    raw.seek(0)
    return io.BufferedReader(SealedReader(raw, keys), CHUNK) if is_sealed(opening) else raw


def sealed_with(path: Path) -> str:
    """The name of the key in the opening of a sealed archive; empty for one that is not sealed."""
    with path.open("rb") as source:
        opening = source.read(len(MAGIC) + 2)
        return source.read(opening[-1]).decode() if is_sealed(opening) else ""
