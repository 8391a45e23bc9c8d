"""The mini-program's client: it fits the API, and in the sandbox's mini-program it does what it is for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.api import typescript
from app.api.app import make
from tests import browser
from tests.browser import Office, Phone
from tests.rooms import ROOT
from tests.test_story_membership import MINI, roster

chromium, phone = browser.chromium, browser.phone

FOLDER = ROOT / "miniprogram"
ADDRESS = "/sandbox/static/gonghui.js"  # where the page finds it while it is tried
WALK = """
title: 春季健步走
place: 沮河公园
opens: 2026-11-20 08:00
closes: 2026-12-01 18:00
starts: 2026-12-05 09:00
ends: 2026-12-05 12:00
capacity: 30
questions:
  - {key: size, prompt: 衣服尺码, kind: choice, options: [S, M, L]}
"""

MEETS = """
async ({address, base}) => {
  const {Gonghui, ProblemError, newKey} = await import(address);
  const told = {};
  const api = new Gonghui(base);
  window.tried = {api, ProblemError, sent: []};
  const request = wx.request;
  wx.request = (options) => { tried.sent.push(options); return request(options); };
  try { await api.getMe(); } catch (error) {
    told.stranger = [error instanceof ProblemError, error.code, error.status, error.message];
  }
  await api.signIn();
  told.me = await api.getMe();
  told.bound = await api.bindMembership({body: {staff_number: "10086", name: "王秀兰", phone_end: "5678",
    consent_version: (await api.listConsents()).items.find((each) => each.key === "membership").version}});
  told.list = (await api.listActivities({limit: 1})).items;
  told.activity = await api.getActivity({activity_id: told.list[0].id});
  try {
    await api.signUp({activity_id: told.list[0].id, body: {seats: 1, answers: {size: "XXL"}}});
  } catch (error) { told.refused = [error.code, error.message]; }
  return told;
}
"""
SIGNS_UP = """
async () => {
  const {api, ProblemError, sent} = tried, told = {};
  const activity_id = (await api.listActivities()).items[0].id;
  const own = told.own = await api.signUp({activity_id, body: {answers: {size: "M"}}});

  // The answer is lost twice: the same key brings it, and it was done once.
  const request = wx.request;
  let lost = 2;
  wx.request = (options) => lost-- > 0
    ? request({...options, success: () => options.fail({errMsg: "request:fail timeout"})}) : request(options);
  const from = sent.length;
  told.cancelled = await api.changeSignUp({sign_up_id: own.id, act: "cancel"});
  told.keys = sent.slice(from).map((options) => options.header["Idempotency-Key"]);
  wx.request = request;

  try { await api.changeSignUp({sign_up_id: own.id, act: "cancel", seen: own}); }
  catch (error) { told.changed = [error.code, error.status]; }

  // A picture is sent again where no answer came; there is no album yet.
  const upload = wx.uploadFile, files = told.files = [];
  wx.uploadFile = (options) =>
    files.push(options.name) === 1 ? options.fail({errMsg: "timeout"}) : upload(options);
  const photo = "data:image/jpeg;base64," + btoa("no picture");
  try { await api.addPhoto({activity_id, photo, agreed: "yes"}); }
  catch (error) { told.photo = [error.code, error.message]; }

  const before = await api.getMe();
  told.same = JSON.stringify(before) === JSON.stringify(await api.getMe());
  told.asked = sent.at(-1).header["If-None-Match"];
  return told;
}
"""
HALF_AN_HOUR_LATER = """
async () => {
  const {api, sent} = tried;
  // The service looks at its clock a few times a second: the old token is tried until it has run out.
  const options = sent.findLast((each) => each.header.Authorization);
  const status = () => new Promise((done) =>
    wx.request({...options, method: "GET", success: (told) => done(told.statusCode), fail: () => done(0)}));
  for (let tries = 0; tries < 1000 && await status() !== 401; tries++);
  const from = sent.length;
  const [me, cases] = await Promise.all([api.getMe(), api.listCases()]);
  const refreshes = sent.slice(from).filter((options) => options.url.endsWith("/auth/refresh"));
  return {me, cases, refreshes: refreshes.length};
}
"""
LEAVES = """
async () => {
  const {api} = tried;
  await api.leave();
  try { await api.getMe(); } catch (error) { return [api.signedIn, error.code]; }
}
"""


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    with browser.opened_office(tmp_path, sqlite_url, **MINI) as opened:
        yield opened


async def runs(phone: Phone, script: str, **given: Any) -> Any:
    return await phone.page.evaluate(script, given)


async def test_wang_xiulan_signs_up_in_the_mini_program(phone: Phone, office: Office) -> None:
    await office.runs("members", "import", roster(office.folder), "--by", "王芳")
    (office.folder / "walk.yaml").write_text(WALK, encoding="utf-8")
    await office.runs("activities", "add", str(office.folder / "walk.yaml"), "--by", "王强")
    part = phone.page.get_by_test_id
    await phone.page.route(
        f"**{ADDRESS}",
        lambda route: route.fulfill(
            body=(FOLDER / "gonghui.js").read_text("utf-8"), content_type="text/javascript"
        ),
    )
    await part("notices").click()
    await part("notices-miniprogram").click()
    await part("mini-entry").click()
    await part("mini-place").wait_for()

    told = await runs(phone, MEETS, address=ADDRESS, base=office.service)
    assert told["stranger"] == [True, "sign_in_needed", 401, "登录已经过期或没有登录，请重新登录。"]
    assert told["me"]["membership"] is None
    assert told["bound"]["branch"][-1] == "抢修一班"
    assert [each["title"] for each in told["list"]] == ["春季健步走"]
    assert told["activity"]["questions"][0]["options"] == ["S", "M", "L"]
    assert told["refused"] == ["invalid", "「衣服尺码」请从这几项里选：S、M、L。"]

    told = await runs(phone, SIGNS_UP)
    assert (told["own"]["state"], told["own"]["answers"]) == ("confirmed", {"size": "M"})
    assert told["cancelled"]["state"] == "cancelled"
    assert len(told["keys"]) == 3 and len(set(told["keys"])) == 1
    assert told["changed"] == ["changed_meanwhile", 412]
    assert told["same"] and told["asked"]
    assert told["files"] == ["photo", "photo"]
    assert told["photo"] == ["not_found", "「春季健步走」还没有相册。"]

    (office.folder / "clock").write_text(
        str(float((office.folder / "clock").read_text()) + 31 * 60), encoding="utf-8"
    )
    told = await runs(phone, HALF_AN_HOUR_LATER)
    assert (told["me"]["membership"]["name"], told["cases"]["items"], told["refreshes"]) == ("王秀兰", [], 1)

    assert await runs(phone, LEAVES) == [False, "sign_in_needed"]
    await part("mini-close").click()
    assert await phone.page.evaluate("typeof wx") == "undefined"
    await part("notices-close").click()


def test_the_client_is_the_one_that_the_api_describes() -> None:
    described = make().openapi()
    assert (FOLDER / "gonghui.ts").read_text("utf-8") == typescript.typescript(described), "make client"
    assert (FOLDER / "gonghui.js").read_text("utf-8") == typescript.javascript(described), "make client"


def test_every_operation_has_its_method_and_every_shape_its_type() -> None:
    described = make().openapi()
    written = typescript.typescript(described)
    for operations in described["paths"].values():
        for operation in operations.values():
            assert f"\n  {operation['operationId']}(" in written
    for name in described["components"]["schemas"]:
        assert f"\nexport type {name} = " in written
    assert "undefined" not in json.dumps([line for line in written.splitlines() if "export type" in line])


async def test_the_command_writes_the_client_and_tells_when_it_is_old(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from app.cli import api
    from app.errors import OperatorError

    run = CliRunner()
    assert "写好了" in run.invoke(api.app, ["client", str(tmp_path / "new")]).output
    assert "和接口一致" in run.invoke(api.app, ["client", str(tmp_path / "new"), "--check"]).output
    (tmp_path / "new" / "gonghui.js").write_text("old", encoding="utf-8")
    refused = run.invoke(api.app, ["client", str(tmp_path / "new"), "--check"])
    assert isinstance(refused.exception, OperatorError)
    assert refused.exception.message.endswith("gonghui.js 和接口不一致，请运行 make client")
