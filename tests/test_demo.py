"""`gonghui demo` with real processes: the two end together, and say so when one ends unasked.

What the children inherit of the pipe tells when they are gone: it ends with the last of them.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.both_ends import content_without_story
from tests.rooms import ROOT
from tests.servers import PATIENCE, free_port


class Demo:
    """One `gonghui demo` in a folder of its own."""

    def __init__(self, folder: Path, port: int, sandbox_port: int, **changes: str) -> None:
        self.port = port
        unset = {f"GONGHUI_{name.upper()}": "" for name in Settings.model_fields}
        environment = (
            os.environ
            | unset
            | {
                "PYTHONPATH": str(ROOT),
                "PYTHONIOENCODING": "utf-8",
                "GONGHUI_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'gonghui.db'}",
                "GONGHUI_FILES": str(folder / "files"),
                "GONGHUI_MENUS": str(ROOT / "menus.yaml"),
                "GONGHUI_CONTENT": str(content_without_story(folder)),
                "GONGHUI_SECRET_KEY": "a demonstration has no secret, but one this long",
                "GONGHUI_WECHAT_MODE": "safe",
                "GONGHUI_LOG_FORMAT": "text",
            }
            | changes
        )
        # What is empty would hide what the `.env` says.
        environment = {name: value for name, value in environment.items() if value or name not in unset}
        command = [sys.executable, "-m", "app", "demo"]
        command += ["--port", str(port), "--sandbox-port", str(sandbox_port)]
        with _signals_heard():
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, text=True, encoding="utf-8",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def is_up(self, *words: str) -> None:
        """Read on until both take connections, and each of `words` was printed."""
        self.prints(f"running on http://127.0.0.1:{self.port}", "手机在 ", *words)

    def prints(self, *words: str) -> None:
        """Read on until each of `words` was printed."""
        assert self.process.stdout is not None
        missing, read = set(words), ""
        alarm = threading.Timer(PATIENCE, self.process.kill)  # else a wrong word would wait for ever
        alarm.start()
        try:
            for line in self.process.stdout:
                read += line
                missing -= {word for word in missing if word in line}
                if not missing:
                    return
        finally:
            alarm.cancel()
        raise AssertionError(f"{missing} never came:\n{read}")

    def ends(self) -> str:
        """What it printed until it and both its children were gone."""
        printed, _ = self.process.communicate(timeout=PATIENCE)
        return printed

    def children(self) -> list[tuple[int, str]]:
        """Pid and command line of each."""
        pid = self.process.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [(int(each), Path(f"/proc/{each}/cmdline").read_text()) for each in listed]

    def clean_up(self) -> None:
        """Whatever a failed test left: the whole session that we started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def _signals_heard() -> Iterator[None]:
    """Tests that run in the background, or under `nohup`, are deaf, and so would be whom they start."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def sandbox_port() -> int:
    return free_port()


@pytest.fixture
def demo(sqlite_url: str, tmp_path: Path, port: int, sandbox_port: int) -> Iterator[Demo]:
    """With tables already (`sqlite_url` is its file); that it makes them is told of the first start."""
    started = Demo(tmp_path, port, sandbox_port)
    yield started
    started.clean_up()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_it_ends_both(demo: Demo, number: signal.Signals) -> None:
    demo.is_up()

    demo.process.send_signal(number)

    said = demo.ends()
    assert "正在结束…" in said
    assert "Application shutdown complete" in said
    assert demo.process.returncode == 0


def test_moving_the_time_on_the_phone_moves_the_service_too(demo: Demo, sandbox_port: int) -> None:
    demo.is_up()
    api = f"http://127.0.0.1:{sandbox_port}/sandbox/api"
    with httpx.Client(trust_env=False, timeout=PATIENCE) as phone:
        phone.post(f"{api}/people/王秀兰/follow?wait=true", json={})
        phone.post(f"{api}/clock", json={"advance": 49 * 3600})
        ends = time.monotonic() + PATIENCE  # the service looks at its clock file now and then
        result = ""
        while result != "reply" and time.monotonic() < ends:
            result = phone.post(f"{api}/people/王秀兰/say?wait=true", json={"text": "帮助"}).json()["result"]

    assert result == "reply"


def test_the_first_start_writes_settings_that_hold_a_mini_program_too(
    tmp_path: Path, port: int, sandbox_port: int
) -> None:
    demo = Demo(tmp_path, port, sandbox_port, GONGHUI_SECRET_KEY="")
    try:
        demo.is_up("已写好 .env")
        api = f"http://127.0.0.1:{sandbox_port}/sandbox/api"
        with httpx.Client(trust_env=False, timeout=PATIENCE) as phone:
            state = phone.get(f"{api}/state").json()
            verified = [
                phone.post(f"{api}/verify", json={"app": app}).json()["ok"]
                for app in ("account", "miniprogram")
            ]
            said = phone.post(
                f"{api}/people/王秀兰/say-in-miniprogram?wait=true", json={"text": "在吗"}
            ).json()
    finally:
        demo.clean_up()

    settings = tmp_path / ".env"
    assert f"GONGHUI_MINIPROGRAM_APP_ID={state['miniprogram_app_id']}\n" in settings.read_text("utf-8")
    assert settings.stat().st_mode & 0o077 == 0
    assert verified == [True, True]
    assert (said["result"], said["rule"]) == ("silent", "")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found through /proc")
def test_when_one_is_killed_the_other_ends_and_it_is_named(demo: Demo) -> None:
    demo.is_up()
    [sandbox] = [pid for pid, command in demo.children() if "sandbox\0--port" in command]

    os.kill(sandbox, signal.SIGKILL)

    said = demo.ends()
    assert "手机（微信替身）自己停了（被信号 SIGKILL 终止）" in said
    assert "Application shutdown complete" in said
    assert demo.process.returncode == 128 + signal.SIGKILL


def test_where_the_port_is_taken_the_failure_says_which_and_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        demo = Demo(tmp_path, free_port(), taken.getsockname()[1])
        try:
            said = demo.ends()
        finally:
            demo.clean_up()

    assert demo.process.returncode > 0
    assert f"手机（微信替身）自己停了（退出码 {demo.process.returncode}）" in said
    assert "--sandbox-port" in said
