// Pictures and films from this computer: chosen or taken, and made ready to send.

import { make } from "./http.js";
import { choose } from "./sheets.js";

// Resolves to the chosen files, none when the dialogue is closed.
export function files(accept, { several = false, camera = false } = {}) {
  return new Promise((resolve) => {
    const input = make("input", { type: "file", accept, multiple: several ? "" : null, capture: camera ? "environment" : null });
    input.addEventListener("change", () => resolve([...input.files]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}

export function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

const PICTURES = "image/png,image/jpeg";
const MOST = 9;

// What a picture button of the menu asks: data URLs, [] for the sample, null when nothing was chosen.
export async function askForPictures(kind) {
  const ways = [["camera", "拍照"], ["album", "从相册选择", kind === "pic_weixin" ? "最多 9 张" : ""], ["sample", "用示例图片", "冒火花的插座"]]
    .filter(([way]) => !(way === "camera" && kind === "pic_weixin") && !(way === "album" && kind === "pic_sysphoto"));
  const way = await choose("选择图片", ways);
  if (!way) return null;
  if (way === "sample") return [];
  const chosen = await files(PICTURES, { several: way === "album", camera: way === "camera" });
  return chosen.length ? Promise.all(chosen.slice(0, MOST).map(dataUrl)) : null;
}

export async function choosePicture() {
  const [chosen] = await files(PICTURES);
  return chosen ? { base64: await dataUrl(chosen) } : null;
}

// A film with its first picture; the sample has neither.
export async function askForFilm() {
  const way = await choose("发视频", [["file", "选择视频", "MP4，10 MB 以内"], ["sample", "用示例视频", "只有文件头，没有画面"], ["short", "用示例小视频", "类型是 shortvideo"]]);
  if (way === "sample") return {};
  if (way === "short") return { short: true };
  if (!way) return null;
  const [chosen] = await files("video/mp4");
  return chosen ? { base64: await dataUrl(chosen), thumb: await firstPicture(chosen) } : null;
}

function firstPicture(file) {
  return new Promise((resolve) => {
    const film = make("video", { muted: "", preload: "auto" });
    const address = URL.createObjectURL(file);
    const end = (picture) => {
      URL.revokeObjectURL(address);
      resolve(picture);
    };
    film.addEventListener("loadeddata", () => {
      const canvas = make("canvas", { width: "360", height: String(Math.round(360 * film.videoHeight / film.videoWidth) || 200) });
      canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height);
      end(canvas.toDataURL("image/jpeg", 0.8));
    });
    film.addEventListener("error", () => end(null));
    film.src = address;
  });
}
