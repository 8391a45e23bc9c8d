// Holding the camera at a code: the account's own, the mini-program's, and what a scan button of the menu finds.

import { get, make } from "./http.js";
import { act } from "./me.js";
import { askFor, isMiniProgramLink, openMiniProgramLink, openPage } from "./sheets.js";

const known = async () => ((await get("state"))?.scenes ?? []).slice(0, 8);

// Codes and links into the mini-program, newest first, with a few words for a chip.
export async function miniPrograms(most = 6) {
  const links = ((await get("miniprogram/links")) ?? []).slice(0, most);
  return links.map(({ id, kind, path, query, address }) => {
    const words = `${path.split("?")[0].split("/").at(-1) || "首页"} ${query}`.trim();
    return { label: `小程序 ${words.length > 18 ? `${words.slice(0, 17)}…` : words}`, address, drawn: ["url", "scheme"].includes(kind) ? "" : id };
  });
}

export async function scan() {
  const [scenes, programs] = await Promise.all([known(), miniPrograms()]);
  const code = await askFor("扫一扫", [{ name: "scene", label: "公众号二维码的场景值，或码里的内容", value: "", required: true }], {
    ok: "扫码", note: "公众号的码：已关注时产生 SCAN 事件，未关注时等于扫码关注。小程序的码和链接打开小程序。",
    chips: [...scenes.map(({ scene }) => ({ label: scene, values: { scene } })),
      ...programs.map(({ label, address }) => ({ label, values: { scene: address } }))],
    above: (inputs) => pictureOf(scenes, programs, inputs.scene),
  });
  if (code) found(code.scene.trim());
}

// What the phone does with it.
function found(content) {
  if (isMiniProgramLink(content)) openMiniProgramLink(content);
  else if (/^https?:\/\//.test(content)) openPage(content, "", "elsewhere");
  else act("scan", { scene: content });
}

// The code itself, once what is in it is one that was made.
function pictureOf(scenes, programs, input) {
  const box = make("div", { class: "code", hidden: "" });
  input.addEventListener("input", () => {
    const code = scenes.find(({ scene }) => scene === input.value);
    const program = programs.find(({ address, drawn }) => drawn && address === input.value);
    box.hidden = !code && !program;
    const src = code ? `/cgi-bin/showqrcode?ticket=${encodeURIComponent(code.ticket)}` : `/sandbox/api/miniprogram/codes/${program?.drawn}`;
    if (!box.hidden) box.replaceChildren(make("img", { src, alt: "二维码", width: "132", height: "132" }));
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
