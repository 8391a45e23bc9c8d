"""Whether two ways to write a name mean the same one."""

import unicodedata


def is_same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    """Names of minorities are written with several kinds of dots."""
    plain = "".join(unicodedata.normalize("NFKC", name).split())
    return plain.replace("•", "·").replace("・", "·").replace(".", "·")
