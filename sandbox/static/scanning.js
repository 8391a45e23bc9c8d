// Holding the camera at a code: the account's own codes, and what a scan button of the menu finds.

import { get, make } from "./http.js";
import { act } from "./me.js";
import { askFor } from "./sheets.js";

const known = async () => ((await get("state"))?.scenes ?? []).slice(0, 8);

export async function scan() {
  const scenes = await known();
  const code = await askFor("扫带参数的二维码", [{ name: "scene", label: "场景值（scene）", value: "", required: true }], {
    ok: "扫码", note: "已关注时产生 SCAN 事件，未关注时等于扫码关注。",
    chips: scenes.map(({ scene }) => ({ label: scene, values: { scene } })),
    above: (inputs) => pictureOf(scenes, inputs.scene),
  });
  if (code) act("scan", code);
}

// The code itself, once its scene is one that was made.
function pictureOf(scenes, input) {
  const box = make("div", { class: "code", hidden: "" });
  input.addEventListener("input", () => {
    const found = scenes.find(({ scene }) => scene === input.value);
    box.hidden = !found;
    if (found) box.replaceChildren(make("img", { src: `/cgi-bin/showqrcode?ticket=${encodeURIComponent(found.ticket)}`, alt: "二维码", width: "132", height: "132" }));
  });
  return box;
}

// What a scan button asks; null when nothing was scanned.
export async function askForScan(button) {
  const scenes = await known();
  const waits = button.type === "scancode_waitmsg";
  return askFor("扫一扫", [
    { name: "scan_result", label: "扫到的内容", required: true },
    { name: "scan_type", label: "码的类型", options: [["qrcode", "二维码"], ["barcode", "条形码"]] },
  ], {
    ok: "扫", note: waits ? "扫完显示「消息接收中」，直到服务答复。" : "扫完由手机自己处理；网址会直接打开。",
    chips: [...scenes.slice(0, 4).map(({ scene }) => ({ label: scene, values: { scan_result: scene, scan_type: "qrcode" } })),
      { label: "网址", values: { scan_result: `${location.origin}/`, scan_type: "qrcode" } },
      { label: "商品条码", values: { scan_result: "EAN_13,6901234567892", scan_type: "barcode" } }],
  });
}
