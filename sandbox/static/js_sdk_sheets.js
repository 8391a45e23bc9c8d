// What each call of the JS-SDK makes the phone do or ask. An answer without errMsg means ok.

import { choose, inTurn, show } from "./asking.js";
import { PLACES } from "./places.js";
import { get, make, post, tell } from "./http.js";
import { miniPrograms } from "./scanning.js";
import { askFor, close, holder, openPage } from "./sheets.js";

const CANCELLED = { errMsg: "cancel" };

// --- Places

const places = new Map(); // openid -> where the person said to be

async function getLocation(_, page) {
  const who = holder;
  const [, latitude, longitude] = PLACES[0];
  const last = places.get(who) ?? { latitude, longitude };
  const given = await inTurn(() => askFor("获取你的位置", [
    { name: "latitude", label: "纬度", value: last.latitude },
    { name: "longitude", label: "经度", value: last.longitude },
  ], {
    ok: "允许", no: "拒绝", note: `${new URL(page.url).host} 申请获取位置。这个人现在在：`,
    chips: PLACES.map(([label, x, y]) => ({ label, values: { latitude: x, longitude: y } })),
  }));
  if (!given) return CANCELLED;
  const place = { latitude: Number(given.latitude), longitude: Number(given.longitude) };
  if (!isPlace(place)) return { errMsg: "fail" };
  places.set(who, place);
  return { ...place, speed: 0, accuracy: 30 };
}

const isPlace = ({ latitude, longitude }) =>
  Number.isFinite(latitude) && Number.isFinite(longitude) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;

function openLocation(given) {
  if (!isPlace(given)) {
    tell("openLocation：latitude、longitude 应是数字，不能是字符串。");
    return { errMsg: "fail" };
  }
  show(given.name || "位置", given.address ? make("p", { class: "note" }, given.address) : null,
    make("div", { class: "map" }), make("p", { class: "note" }, `${given.latitude}, ${given.longitude}`));
  return {};
}

// --- Pictures

const pictures = new Map(); // localId -> data address
let chosenSoFar = 0;

function kept(data) {
  chosenSoFar += 1;
  const id = `wxLocalResource://picture${chosenSoFar}`;
  pictures.set(id.toLowerCase(), data);
  return id;
}

// A browser writes the host of an address in small letters.
const pictureOf = (localId) => pictures.get(String(localId).toLowerCase());

const read = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result));
  reader.addEventListener("error", () => reject(reader.error));
  reader.readAsDataURL(file);
});

const files = (most) => new Promise((resolve) => {
  const input = make("input", { type: "file", accept: "image/png,image/jpeg", multiple: most > 1 ? "" : null });
  input.addEventListener("change", () => resolve([...input.files].slice(0, most)));
  input.addEventListener("cancel", () => resolve([]));
  input.click();
});

async function chooseImage({ count }) {
  const way = await choose("选择图片", [
    { key: "sample", label: "用示例图片" }, { key: "files", label: count > 1 ? `选文件（最多 ${count} 张）` : "选文件" },
  ], { note: "示例图片：冒火花的插座。" });
  if (way === "sample") {
    const picture = await get("js-sdk/sample");
    return picture ? { localIds: [kept(picture.base64)], sourceType: "album" } : { errMsg: "fail" };
  }
  const chosen = way ? await Promise.all((await files(count)).map(read)) : [];
  return chosen.length ? { localIds: chosen.map(kept), sourceType: "album" } : CANCELLED;
}

function getLocalImgData({ localId }) {
  const data = pictureOf(localId);
  return data ? { localData: data } : { errMsg: "fail" };
}

async function uploadImage({ localId, isShowProgressTips }) {
  const data = pictureOf(localId);
  if (!data) return { errMsg: "fail" };
  if (isShowProgressTips) tell("正在上传…");
  const kept = await post("js-sdk/upload", { base64: data });
  return kept ? { serverId: kept.media_id } : { errMsg: "fail" };
}

function previewImage({ current, urls }) {
  const all = Array.isArray(urls) && urls.length ? urls : [current];
  let at = Math.max(all.indexOf(current), 0);
  const image = make("img", { class: "shown", alt: "图片", "data-test": "preview" });
  const count = make("p", { class: "note" });
  const turnTo = (next) => {
    at = (next + all.length) % all.length;
    image.src = pictureOf(all[at]) ?? all[at];
    count.textContent = `${at + 1} / ${all.length}`;
  };
  turnTo(at);
  const more = all.length > 1 ? make("div", { class: "chips" },
    make("button", { type: "button", onclick: () => turnTo(at - 1) }, "上一张"),
    make("button", { type: "button", onclick: () => turnTo(at + 1) }, "下一张")) : null;
  show("图片", image, count, more);
  return {};
}

// --- Scanning

async function scanQRCode({ needResult }) {
  const [state, programs] = await Promise.all([get("state"), miniPrograms(4)]);
  const codes = state?.scenes ?? [];
  const given = await inTurn(() => askFor("扫一扫", [{ name: "result", label: "扫到的内容", rows: 2 }], {
    ok: "扫", note: "填写码里的内容，或选一个公众号的二维码。条形码写成 CODE_128,690…",
    chips: [...codes.slice(0, 8).map(({ scene, url }) => ({ label: scene, values: { result: url } })),
      ...programs.map(({ label, address }) => ({ label, values: { result: address } }))],
  }));
  if (!given?.result) return CANCELLED;
  if (needResult) return { resultStr: given.result };
  return { then: () => followed(given.result, codes) };
}

// Without needResult WeChat does itself what the code says.
function followed(result, codes) {
  const code = codes.find(({ url }) => url === result);
  if (code) {
    close();
    post(`people/${holder}/scan`, { ticket: code.ticket });
  } else if (/^(https?|weixin):/.test(result)) openPage(result, "", "elsewhere");
  else tell(`扫到：${result}`);
}

// --- Sharing and the window

const keptFor = (kind) => (given, page) => {
  if (given.link && !(URL.canParse(given.link) && page.hosts.includes(new URL(given.link).hostname))) {
    tell("分享的 link 应属于 JS接口安全域名。");
    return { errMsg: "fail,invalid url domain" };
  }
  page.share[kind] = given;
  return {};
};
const nothing = () => ({});

export const ANSWERS = {
  checkJsApi: ({ jsApiList }) => ({
    checkResult: Object.fromEntries((jsApiList ?? []).map((api) => [api, Object.hasOwn(ANSWERS, api)])),
  }),
  getLocation, openLocation, chooseImage, getLocalImgData, uploadImage, previewImage, scanQRCode,
  updateAppMessageShareData: keptFor("friend"),
  updateTimelineShareData: keptFor("timeline"),
  closeWindow: () => ({ then: close }),
  hideOptionMenu: nothing, showOptionMenu: nothing, hideMenuItems: nothing, showMenuItems: nothing,
  hideAllNonBaseMenuItem: nothing, showAllNonBaseMenuItem: nothing,
};
