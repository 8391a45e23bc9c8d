// WeChat's own functions for a page of ours: in WeChat alone, and only where the service signs the page.
(() => {
  "use strict";
  // A page of ours stands in a frame only in the phone that developers use.
  const inside = /MicroMessenger/i.test(navigator.userAgent) || window.parent !== window;

  const load = (address) => new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: address, onload: resolve, onerror: reject });
    document.head.append(script);
  });

  // `wx`, ready for these functions and tags of its own; rejects where the page is not signed, or WeChat says no.
  async function ready(apis, tags = []) {
    const page = location.href.split("#")[0];
    const answer = await fetch(`/share/signature?url=${encodeURIComponent(page)}`);
    if (!answer.ok) throw new Error(`no signature: ${answer.status}`);
    const { config, script } = await answer.json();
    await load(script);
    const { wx } = window;
    wx.config({ ...config, jsApiList: apis, openTagList: tags });
    return new Promise((resolve, reject) => {
      wx.error(reject);
      wx.ready(() => resolve(wx));
    });
  }

  window.weixin = { inside, ready };
})();
