"""Backups that must not be trusted: cut off, changed, made by somebody else or for something else."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import sealed_stream
from app.cli import archives
from app.errors import OperatorError
from tests import backing_up
from tests.backing_up import KEY, KEYS, OTHER, Place, contents_of

place, small, archive = backing_up.place, backing_up.small, backing_up.archive


# --- the seal


def test_a_backup_that_was_cut_off_changes_nothing(small: Place, archive: Path, tmp_path: Path) -> None:
    later = small.add_person()
    for part in (0, 10, 60, archive.stat().st_size // 2, archive.stat().st_size - 1):
        torn = tmp_path / f"torn{part}.ghb"
        torn.write_bytes(archive.read_bytes()[:part])
        assert "不完整或被改动过" in small.refused("restore", torn, "--force", "--unsealed")

    assert later in small.people()


def test_a_backup_with_any_byte_changed_is_refused(archive: Path, tmp_path: Path) -> None:
    whole, rotten = archive.read_bytes(), tmp_path / "rotten.ghb"
    for place in [*range(80), *range(80, len(whole), len(whole) // 25)]:
        rotten.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(OperatorError, match="没有恢复任何内容"):
            archives.verified(rotten, KEYS)


def test_a_backup_whose_pieces_changed_places_changes_nothing(
    small: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_stream, "PIECE", 4096)
    small.add_person()
    small.does("backup", tmp_path / "b.ghb")
    later = small.add_person()
    whole, size = (tmp_path / "b.ghb").read_bytes(), 4096 + sealed_stream.TAG
    start = whole.index(b"k1") + len("k1") + sealed_stream.SALT + sealed_stream.CHECK  # where pieces begin
    first, second = whole[start : start + size], whole[start + size : start + 2 * size]

    (tmp_path / "moved.ghb").write_bytes(whole[:start] + second + first + whole[start + 2 * size :])

    assert "不完整或被改动过" in small.refused("restore", tmp_path / "moved.ghb", "--force")
    assert later in small.people()


def test_a_backup_sealed_in_a_newer_way_is_refused(small: Place, archive: Path, tmp_path: Path) -> None:
    whole = bytearray(archive.read_bytes())
    whole[len(sealed_stream.MAGIC)] += 1
    (tmp_path / "newer.ghb").write_bytes(whole)

    assert "由更新的版本制作，请先升级程序" in small.refused("restore", tmp_path / "newer.ghb", "--force")


def test_something_else_is_no_backup(small: Place, tmp_path: Path) -> None:
    (tmp_path / "notes.ghb").write_text("笔记", encoding="utf-8")

    assert "不是可用的备份" in small.refused("restore", tmp_path / "notes.ghb", "--unsealed")
    assert "没有" in small.refused("restore", tmp_path / "nowhere.ghb")
    assert "没有" in small.refused("restore", tmp_path)


def test_a_backup_from_before_they_were_sealed_is_taken_only_by_name(
    small: Place, archive: Path, tmp_path: Path
) -> None:
    """Whoever can write where backups lie could put an open one in place of a sealed one."""
    later = small.add_person()
    old = with_manifest(archive, format=1, lookup=None)

    assert "没有加密" in small.refused("restore", old, "--force")
    assert later in small.people()

    small.does("restore", old, "--force", "--unsealed")
    assert small.people() == {"li"}


def test_an_open_backup_of_either_database_can_be_restored(place: Place, tmp_path: Path) -> None:
    person, picture = place.add_person(), place.keep_file(b"a picture")
    place.does("backup", tmp_path / "b.ghb")
    old = with_manifest(tmp_path / "b.ghb", format=1, lookup=None)
    place.add_person()

    place.does("restore", old, "--force", "--unsealed")

    assert place.people() == {person}
    assert place.file(picture) == b"a picture"


# --- what is inside


def rewritten(
    archive: Path, change: Callable[[str, bytes], bytes | None], more: dict[str, bytes] | None = None
) -> Path:
    """The same archive with other contents, as somebody might have made it."""
    out = archive.with_name("changed.tar.gz")
    with tarfile.open(out, "w:gz") as target:
        for name, data in (contents_of(archive) | (more or {})).items():
            changed = change(name, data)
            if changed is not None:
                info = tarfile.TarInfo(name)
                info.size = len(changed)
                target.addfile(info, io.BytesIO(changed))
    return out


def as_it_is(name: str, data: bytes) -> bytes:
    return data


def test_an_open_backup_from_a_rotten_disk_is_refused(archive: Path, tmp_path: Path) -> None:
    whole, rotten = rewritten(archive, as_it_is).read_bytes(), tmp_path / "rotten.tar.gz"
    contents = gzip.decompress(whole)
    for place in range(0, len(whole), len(whole) // 25):
        rotten.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            archives.verified(rotten, KEYS)
        except OperatorError as error:
            assert "rotten" in error.message
        else:  # of two ways to write the same zeros, the other
            assert gzip.decompress(rotten.read_bytes()) == contents


def test_a_backup_with_one_changed_byte_changes_nothing(small: Place, archive: Path) -> None:
    later = small.add_person()

    def spoil(name: str, data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1]) if name.startswith("files/") else data

    assert "不完整或被改动过" in small.refused("restore", rewritten(archive, spoil), "--force", "--unsealed")
    assert later in small.people()


@pytest.mark.parametrize("part", ["files/", "database.sqlite", "manifest.json"])
def test_a_backup_that_lacks_a_part_changes_nothing(small: Place, archive: Path, part: str) -> None:
    def without(name: str, data: bytes) -> bytes | None:
        return None if name.startswith(part) else data

    assert "不完整或被改动过" in small.refused(
        "restore", rewritten(archive, without), "--force", "--unsealed"
    )


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "files/../../evil", "files/ab/cdefgh", "evil"])
def test_a_backup_with_a_name_that_leads_elsewhere_is_refused(
    small: Place, archive: Path, tmp_path: Path, name: str
) -> None:
    changed = rewritten(archive, as_it_is, {name: b"x"})

    assert "不是可用的备份" in small.refused("restore", changed, "--force", "--unsealed")
    assert list(tmp_path.rglob("evil")) == []


def test_a_link_in_a_backup_is_refused(small: Place, archive: Path, tmp_path: Path) -> None:
    changed = tmp_path / "linked.tar.gz"
    with tarfile.open(changed, "w:gz") as target:
        info = tarfile.TarInfo("files/abcdefgh23456789")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        target.addfile(info)

    assert "不是可用的备份" in small.refused("restore", changed, "--force", "--unsealed")


def with_manifest(archive: Path, **changes: Any) -> Path:
    def change(name: str, data: bytes) -> bytes:
        if name != "manifest.json":
            return data
        told = json.loads(data) | changes
        return json.dumps({key: value for key, value in told.items() if value is not None}).encode()

    return rewritten(archive, change)


def test_a_backup_of_a_newer_program_is_refused(small: Place, archive: Path) -> None:
    assert "请先升级程序" in small.refused(
        "restore", with_manifest(archive, revision="9999"), "--force", "--unsealed"
    )
    assert "请先升级程序" in small.refused(
        "restore", with_manifest(archive, format=3), "--force", "--unsealed"
    )


def test_a_manifest_we_would_not_have_written_is_refused(small: Place, archive: Path) -> None:
    wrongs: list[dict[str, Any]] = [
        {"made_at": "yesterday"},
        {"members": []},
        {"more": 1},
        {"revision": None},
    ]
    for wrong in wrongs:
        message = small.refused("restore", with_manifest(archive, **wrong), "--force", "--unsealed")
        assert "没有恢复任何内容" in message


def test_a_backup_of_the_other_database_is_refused(small: Place, archive: Path) -> None:
    contents = contents_of(archive)
    told = json.loads(contents["manifest.json"])
    told["database"] = "postgresql"
    told["members"]["database.dump"] = told["members"].pop("database.sqlite")
    dump, manifest = contents["database.sqlite"], json.dumps(told).encode()

    def without(name: str, data: bytes) -> bytes | None:
        return None if name == "database.sqlite" else data

    other = rewritten(archive, without, {"database.dump": dump, "manifest.json": manifest})

    assert "这是 postgresql 的备份，而现在的数据库是 sqlite" in small.refused(
        "restore", other, "--force", "--unsealed"
    )


def test_a_backup_that_our_keys_do_not_open_is_refused_until_the_old_key_is_given(
    small: Place, archive: Path
) -> None:
    small.change(ENCRYPTION_KEYS=OTHER)
    assert "打不开这份备份" in small.refused("restore", archive, "--force")

    small.change(ENCRYPTION_KEYS=f"{OTHER},{KEY}")
    small.does("restore", archive, "--force")


def test_another_look_up_key_is_refused_since_nobody_would_be_found(small: Place, archive: Path) -> None:
    later = small.add_person()

    small.change(LOOKUP_KEY="l" * 32)

    assert "GONGHUI_LOOKUP_KEY 与制作备份时的不同" in small.refused("restore", archive, "--force")
    assert later in small.people()
