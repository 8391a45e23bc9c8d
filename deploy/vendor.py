"""`python -m deploy.vendor`: fetch the front-end files that `static/vendor/manifest.json` names.

Each comes out of its published package by `npm pack`, so whatever registry the user's npm is set to is asked.
A file whose sum is not the manifest's is refused; `--update` writes the sums of what was fetched, to be
looked at in the difference. Standard library only: it runs before anything is installed.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
Entry = dict[str, str]  # name, version, licence, file (its path inside the package), sha256


class Refused(Exception):
    """Nothing was kept of this file; the message says why."""


def target(entry: Entry, folder: Path = VENDOR) -> Path:
    """Where the file of `entry` is kept."""
    return folder / Path(entry["file"]).name


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_manifest(folder: Path = VENDOR) -> list[Entry]:
    entries: list[Entry] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    names = [target(entry).name for entry in entries]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise Refused(f"two entries of the manifest are kept as {', '.join(sorted(doubled))}")
    return entries


def fetch(entry: Entry) -> bytes:
    """The file of `entry` out of its package, which npm downloads to a folder that is then removed."""
    package = f"{entry['name']}@{entry['version']}"
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, package]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError:
            raise Refused("npm is not installed") from None
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(packed) != 1:
            raise Refused(f"npm could not fetch {package}: {done.stderr.strip()[-300:]}")
        return extract(packed[0], entry)


def extract(packed: Path, entry: Entry) -> bytes:
    """One file out of a package; nothing else of it is unpacked."""
    with tarfile.open(packed) as archive:
        for member in archive:
            inside = member.name.partition("/")[2]  # the top folder is mostly, not always, `package`
            content = archive.extractfile(member) if inside == entry["file"] and member.isfile() else None
            if content is not None:
                return content.read()
    raise Refused(f"{entry['name']} {entry['version']} has no file {entry['file']}")


def keep(entry: Entry, content: bytes, folder: Path = VENDOR, *, update: bool = False) -> None:
    """Write `content` where it belongs, if it is what the manifest says or `update` makes it so."""
    found = sha256(content)
    if update:
        entry["sha256"] = found
    elif entry["sha256"] != found:
        raise Refused(f"{entry['file']} of {entry['name']} {entry['version']} has sha256 {found}")
    target(entry, folder).write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.vendor", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the sums of what was fetched")
    update = parser.parse_args().update
    try:
        entries = read_manifest()
        for entry in entries:
            keep(entry, fetch(entry), update=update)
            print(f"{entry['name']} {entry['version']}: {target(entry).name}")
    except Refused as refused:
        print(f"Refused: {refused}", file=sys.stderr)
        return 1
    if update:
        text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
        (VENDOR / "manifest.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
