"""`gonghui keys new`: a key for the database, one for backups, and names that would break the setting."""

import pytest

from app.errors import OperatorError
from app.services.backups import keys_of
from app.settings import load_settings
from models.sealing import Keyring
from tests.test_keys import ONLY_OLD, line, say, settings

__all__ = ["settings"]


def test_a_new_key_can_be_put_in_front_of_the_old_ones() -> None:
    first, second = say("new", "--name", "k9"), say("new", "--name", "k9")

    written = first.stdout.strip()
    assert written.startswith("k9:")
    assert first.stdout != second.stdout
    assert Keyring.parse(f"{written},{line(ONLY_OLD)}", "l" * 32).writes_with == "k9"
    assert "gonghui keys rotate" in first.stderr
    assert say("new").stdout.startswith("k20")


def test_a_key_for_backups_is_another_one(settings: pytest.MonkeyPatch) -> None:
    made = say("new", "--for-backups")

    assert made.stdout.startswith("b20")
    assert "GONGHUI_BACKUP_KEYS" in made.stderr
    settings.setenv("GONGHUI_BACKUP_KEYS", made.stdout.strip())
    assert keys_of(load_settings())[0][0] == made.stdout.partition(":")[0]


@pytest.mark.parametrize("name", ["k:1", "k,1", "钥匙", "", "k" * 33, "k 1"])
def test_a_name_that_would_break_the_setting_is_refused(name: str) -> None:
    if name:
        assert isinstance(say("new", "--name", name).exception, OperatorError)
