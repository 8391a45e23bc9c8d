// A picture or a film over the whole phone, and the one sound that plays at a time.

import { make, tell } from "./http.js";

const phone = document.getElementById("phone");
let before = null; // what had the focus
let sound = null;
let stopped = () => {};

export function showPicture(address, words = "图片") {
  over(make("img", { src: address, alt: words }));
}

export function showFilm(address) {
  const film = make("video", { src: address, controls: "", autoplay: "", playsinline: "" });
  film.addEventListener("error", () => {
    close();
    tell("这段视频没有画面可放。");
  });
  over(film);
}

function over(content) {
  close();
  before = document.activeElement;
  const shut = make("button", { type: "button", class: "shut", "aria-label": "关闭", onclick: close }, "✕");
  const viewer = make("div", { class: "viewer", role: "dialog", "aria-modal": "true", "aria-label": "查看", "data-test": "viewer" }, content, shut);
  viewer.addEventListener("click", (event) => event.target.tagName !== "VIDEO" && close());
  phone.append(viewer);
  shut.focus();
}

function close() {
  const viewer = phone.querySelector(".viewer");
  if (!viewer) return;
  viewer.remove();
  before?.focus();
}

document.addEventListener("keydown", (event) => event.key === "Escape" && close());

// Plays `address`, or stops it when it plays; `changed(true|false)` follows.
export function play(address, changed) {
  const again = sound?.dataset?.address === address;
  sound?.pause();
  stopped();
  sound = null;
  if (again) return;
  const playing = new Audio(address);
  playing.dataset.address = address;
  sound = playing;
  const end = () => {
    changed(false);
    stopped = () => {};
    if (sound === playing) sound = null;
  };
  stopped = () => changed(false);
  playing.addEventListener("ended", end);
  playing.play().then(() => changed(true), () => {
    if (sound !== playing) return; // another one was started
    end();
    tell("浏览器放不出这段声音。");
  });
}
