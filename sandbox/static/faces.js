// WeChat's own emoticons, drawn here: their codes such as [微笑], and a text with the codes as pictures.

import { make } from "./http.js";

const EYES = {
  dots: '<circle cx="8.5" cy="10" r="1.3"/><circle cx="15.5" cy="10" r="1.3"/>',
  happy: '<path d="M6.8 10.6q1.7-2.4 3.4 0M13.8 10.6q1.7-2.4 3.4 0" class="pen"/>',
  closed: '<path d="M6.8 9.8q1.7 2.2 3.4 0M13.8 9.8q1.7 2.2 3.4 0" class="pen"/>',
  flat: '<path d="M6.8 10h3.4M13.8 10h3.4" class="pen"/>',
  wink: '<circle cx="8.5" cy="10" r="1.3"/><path d="M13.8 10.4q1.7-2 3.4 0" class="pen"/>',
  wide: '<circle cx="8.5" cy="9.8" r="2.2" class="white"/><circle cx="15.5" cy="9.8" r="2.2" class="white"/><circle cx="8.5" cy="9.8" r=".9"/><circle cx="15.5" cy="9.8" r=".9"/>',
  hearts: '<path d="M8.5 12.2 6 9.7a1.5 1.5 0 0 1 2.5-1.5 1.5 1.5 0 0 1 2.5 1.5zM15.5 12.2 13 9.7a1.5 1.5 0 0 1 2.5-1.5 1.5 1.5 0 0 1 2.5 1.5z" class="red"/>',
  cross: '<path d="m7 8.5 3 3m0-3-3 3M14 8.5l3 3m0-3-3 3" class="pen"/>',
  angry: '<path d="m6.5 7.8 3.5 1.6M17.5 7.8 14 9.4" class="pen"/><circle cx="8.8" cy="10.8" r="1.2"/><circle cx="15.2" cy="10.8" r="1.2"/>',
  shades: '<path d="M5.5 8.5h13v1.3a2.6 2.6 0 0 1-5.2.5h-2.6a2.6 2.6 0 0 1-5.2-.5z"/>',
  up: '<circle cx="8.5" cy="10" r="2.2" class="white"/><circle cx="15.5" cy="10" r="2.2" class="white"/><circle cx="8.5" cy="8.7" r="1"/><circle cx="15.5" cy="8.7" r="1"/>',
};
const MOUTHS = {
  smile: '<path d="M8 14.5q4 4 8 0" class="pen"/>',
  grin: '<path d="M7.5 13.8h9q-.5 4.7-4.5 4.7t-4.5-4.7z"/><path d="M8.3 14h7.4l-.3 1.5H8.6z" class="white"/>',
  flat: '<path d="M9 16h6" class="pen"/>',
  sad: '<path d="M8 17q4-4 8 0" class="pen"/>',
  open: '<ellipse cx="12" cy="16" rx="2" ry="2.5"/>',
  tongue: '<path d="M8 14.5q4 2 8 0" class="pen"/><path d="M11 15.5h4v2a2 2 0 0 1-4 0z" class="red"/>',
  teeth: '<rect x="7.5" y="14" width="9" height="3.8" rx="1.9" class="white line"/><path d="M7.5 15.9h9M10.5 14v3.8M13.5 14v3.8" class="thin"/>',
  kiss: '<path d="M11 14q2.5.6.5 1.7 2 .8-.5 1.9" class="pen"/>',
  wave: '<path d="M8 16q1.3-2 2.7 0t2.7 0 2.6 0" class="pen"/>',
  side: '<path d="M10 16.5q3.5.5 5.5-2" class="pen"/>',
};
const EXTRAS = {
  blush: '<ellipse cx="6.3" cy="13.5" rx="1.7" ry="1.1" class="pink"/><ellipse cx="17.7" cy="13.5" rx="1.7" ry="1.1" class="pink"/>',
  tear: '<path d="M6.8 12q-2 3 0 4t1.4-1.6z" class="blue"/>',
  tears: '<path d="M7 12v7h2.6v-7zM14.4 12v7H17v-7z" class="blue"/>',
  sweat: '<path d="M18.5 5q-2 3 0 4t1.5-1.6z" class="blue"/>',
  zed: '<path d="M16 3h4l-4 4h4" class="pen"/>',
  hand: '<path d="M9.5 20v-3.5a1.3 1.3 0 0 1 2.6 0V16a1.3 1.3 0 0 1 2.6.3v3.7a3 3 0 0 1-5.2 0z" class="skin"/>',
};
const FACES = {
  微笑: "dots smile", 撇嘴: "dots sad", 色: "hearts grin", 发呆: "wide flat", 得意: "shades smile", 流泪: "closed sad tears",
  害羞: "closed smile blush", 闭嘴: "dots teeth", 睡: "closed open zed", 大哭: "happy open tears", 尴尬: "flat flat sweat",
  发怒: "angry sad", 调皮: "wink tongue", 呲牙: "dots teeth blush", 惊讶: "wide open", 难过: "closed sad", 囧: "flat wave",
  抓狂: "cross teeth", 吐: "cross tongue", 偷笑: "happy smile hand", 愉快: "happy grin blush", 白眼: "up flat", 傲慢: "flat side",
  困: "closed open", 惊恐: "wide wave sweat", 憨笑: "happy grin", 悠闲: "wink side", 疑问: "up open", 晕: "cross open",
  亲亲: "closed kiss blush", 可怜: "wide sad tear", 笑脸: "happy smile", 破涕为笑: "happy grin tear", 捂脸: "closed flat hand",
};
const THINGS = {
  爱心: '<path d="M12 20 4.5 12.3a4.6 4.6 0 0 1 7.5-5 4.6 4.6 0 0 1 7.5 5z" class="red"/>',
  太阳: '<circle cx="12" cy="12" r="4.5" class="gold"/><path d="M12 3v2.5M12 18.5V21M3 12h2.5M18.5 12H21M5.6 5.6l1.8 1.8M16.6 16.6l1.8 1.8M18.4 5.6l-1.8 1.8M7.4 16.6l-1.8 1.8" class="ray"/>',
  月亮: '<path d="M15 3.5A8.7 8.7 0 1 0 20.5 15 7.5 7.5 0 0 1 15 3.5z" class="gold"/>',
  咖啡: '<path d="M5 9h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4z" class="brown"/><path d="M16 10.5h1.5a2 2 0 0 1 0 4.5H16M8.5 6.5V4M12 6.5V4" class="pen"/>',
  强: '<path d="M4 11h3v9H4zM8.5 11l3.2-7a2 2 0 0 1 2 2.2L13.3 10H18a2 2 0 0 1 2 2.3l-1 5.7a2.4 2.4 0 0 1-2.4 2H8.5z" class="skin line"/>',
  弱: '<path d="M4 13h3V4H4zM8.5 13l3.2 7a2 2 0 0 0 2-2.2L13.3 14H18a2 2 0 0 0 2-2.3L19 6a2.4 2.4 0 0 0-2.4-2H8.5z" class="skin line"/>',
};

export const CODES = [...Object.keys(FACES), ...Object.keys(THINGS)];

export function face(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "face");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  svg.innerHTML = THINGS[name] ?? drawnFace(...FACES[name].split(" ")); // the shapes above only
  return svg;
}

const drawnFace = (eyes, mouth, extra) =>
  `<circle cx="12" cy="12" r="10.5" class="skin line"/>${EYES[eyes]}${MOUTHS[mouth]}${EXTRAS[extra] ?? ""}`;

// A text in pieces: what is a code becomes its picture, the rest stays words.
export function withFaces(text) {
  return text.split(/(\[[\u4e00-\u9fff]{1,4}\])/).filter(Boolean).map((piece) => {
    const name = piece.slice(1, -1);
    return piece.startsWith("[") && CODES.includes(name) ? make("span", { class: "emote", title: piece }, face(name)) : piece;
  });
}
