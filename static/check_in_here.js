// Who has scanned the code at the venue is checked in without another tap; where the organiser wants to know
// that he is there, the telephone is asked first. Without this script there is a button.
(() => {
  "use strict";
  const form = document.getElementById("here");
  const words = document.getElementById("words");
  const button = form.querySelector("button");
  const asks = form.dataset.place === "yes";

  const NOWHERE = { latitude: "", longitude: "", accuracy: "" };

  function byBrowser() {
    return new Promise((resolve, reject) => {
      if (!navigator.geolocation) { reject(new Error("none")); return; }
      navigator.geolocation.getCurrentPosition(({ coords }) => resolve(coords), reject,
        { enableHighAccuracy: true, timeout: 15000, maximumAge: 20000 });
    });
  }

  async function byWeChat() {
    const wx = await window.weixin.ready(["getLocation"]);
    return new Promise((resolve, reject) => {
      // Who says no is not asked a second time by the browser.
      wx.getLocation({ type: "wgs84", success: resolve, fail: reject, cancel: () => resolve(NOWHERE) });
    });
  }

  async function where() {
    if (!window.weixin.inside) return byBrowser();
    try { return await byWeChat(); } catch { return byBrowser(); }
  }

  async function go() {
    button.disabled = true;
    words.textContent = asks ? "正在核对您在不在现场，请允许获取位置…" : "正在签到…";
    if (asks) {
      try {
        const { latitude, longitude, accuracy } = await where();
        form.elements.latitude.value = latitude;
        form.elements.longitude.value = longitude;
        form.elements.accuracy.value = accuracy ?? "";
      } catch {
        // Sent without: the answer says what else there is to do.
      }
    }
    form.submit();
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); go(); });
  if (form.dataset.atOnce === "yes") go();
})();
