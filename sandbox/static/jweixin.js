// WeChat's JS-SDK for pages inside the sandbox's phone: the same calls and answers, given by the phone around
// the page. Served at the path of WeChat's own file. A page in no phone is answered nothing, as outside WeChat.
(() => {
  "use strict";
  if (window.wx?.config) return;

  // The phone and this script come from one address; nobody else is spoken to or heard.
  const phone = new URL(document.currentScript.src).origin;
  const page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  const waiting = new Map();
  let number = 0;

  function send(api, given, answered) {
    number += 1;
    waiting.set(number, answered);
    tellPhone({ id: number, api, given });
  }

  function tellPhone(said) {
    if (window.parent === window) {
      console.info("JS-SDK：这个网页不在微信里，不会有应答。", said.api);
      return;
    }
    const url = location.href.split("#")[0];
    // What cannot be sent, such as the callbacks among the options, is dropped here.
    const plain = JSON.parse(JSON.stringify({ ...said, url, title: document.title }));
    window.parent.postMessage({ for: "js-sdk", page, ...plain }, phone);
  }

  window.addEventListener("message", (event) => {
    const heard = event.data;
    if (event.source !== window.parent || event.origin !== phone || heard?.for !== "js-sdk") return;
    if (heard.ask) {
      tellPhone({ api: "here", ask: heard.ask });
      return;
    }
    if (heard.page !== page || !waiting.has(heard.id)) return;
    const answered = waiting.get(heard.id);
    waiting.delete(heard.id);
    answered(heard.answer);
  });

  // "getLocation:ok" and "getLocation:cancel" have callbacks of their own, all else is a failure.
  function settle(options, answer) {
    const outcome = answer.errMsg.slice(answer.errMsg.indexOf(":") + 1);
    if (outcome === "ok") options.success?.(answer);
    else if (outcome === "cancel") options.cancel?.(answer);
    else options.fail?.(answer);
    options.complete?.(answer);
  }

  let state = "new"; // then "asked", "done", "failed"
  let tags = new Set(); // the open tags the page listed, once its config went well
  let refusal = null;
  let ready = [];
  let failed = null;

  function config(settings) {
    state = "asked";
    const { appId, timestamp, nonceStr, signature, jsApiList, openTagList, debug } = settings;
    send("config", { appId, timestamp, nonceStr, signature, jsApiList, openTagList, debug }, (answer) => {
      state = answer.errMsg === "config:ok" ? "done" : "failed";
      tags = new Set(state === "done" && Array.isArray(openTagList) ? openTagList : []);
      if (state === "failed") {
        refusal = answer;
        failed?.(answer);
      }
      // Whoever waits to be ready is told when it is decided, not that it went well: so does WeChat's script.
      const told = ready;
      ready = [];
      for (const each of told) each();
      drawTags();
    });
  }

  const wx = {
    config,
    ready(callback) {
      if (state === "done" || state === "failed") callback();
      else ready.push(callback);
    },
    error(callback) {
      failed = callback;
      if (state === "failed") callback(refusal);
    },
  };

  // What each call takes, and what it means when left out.
  const CALLS = {
    checkJsApi: (given) => ({ jsApiList: given.jsApiList }),
    getLocation: (given) => ({ type: given.type || "wgs84" }),
    openLocation: ({ latitude, longitude, name, address, scale, infoUrl }) => ({
      latitude, longitude, name: name || "", address: address || "", scale: scale || 28, infoUrl: infoUrl || "",
    }),
    chooseImage: ({ count, sizeType, sourceType }) => ({
      count: count || 9, sizeType: sizeType || ["original", "compressed"], sourceType: sourceType || ["album", "camera"],
    }),
    getLocalImgData: ({ localId }) => ({ localId }),
    uploadImage: ({ localId, isShowProgressTips }) => ({ localId, isShowProgressTips: isShowProgressTips ?? 1 }),
    previewImage: ({ current, urls }) => ({ current, urls }),
    scanQRCode: ({ needResult, scanType }) => ({ needResult: needResult || 0, scanType: scanType || ["qrCode", "barCode"] }),
    updateAppMessageShareData: ({ title, desc, link, imgUrl }) => ({ title, desc, link, imgUrl }),
    updateTimelineShareData: ({ title, link, imgUrl }) => ({ title, link, imgUrl }),
    closeWindow: () => ({}),
    hideOptionMenu: () => ({}),
    showOptionMenu: () => ({}),
    hideMenuItems: ({ menuList }) => ({ menuList }),
    showMenuItems: ({ menuList }) => ({ menuList }),
    hideAllNonBaseMenuItem: () => ({}),
    showAllNonBaseMenuItem: () => ({}),
  };
  for (const [api, given] of Object.entries(CALLS)) {
    wx[api] = (options = {}) => send(api, given(options), (answer) => settle(options, answer));
  }

  // --- <wx-open-subscribe>: a button with the page's looks that only a finger can press.

  const SUBSCRIBE = "wx-open-subscribe";
  const TEMPLATES = 'script[type="text/wxtag-template"], template';

  class OpenSubscribe extends HTMLElement {
    #inside = this.attachShadow({ mode: "closed" }); // out of reach for the page's own scripts, as in WeChat
    #drawn = false;

    connectedCallback() {
      OpenSubscribe.draw(this);
    }

    static draw(tag) {
      // While the page is being read, a tag is met before what stands in it.
      if (tag.#drawn || !tags.has(SUBSCRIBE) || document.readyState === "loading") return;
      tag.#drawn = true;
      const parts = [...tag.querySelectorAll(TEMPLATES)].map((part) => part.innerHTML);
      const read = new DOMParser().parseFromString(parts.join("\n"), "text/html");
      const sheets = [...read.querySelectorAll("style")].map((style) => {
        style.remove();
        return style.textContent;
      });
      tag.#inside.adoptedStyleSheets = [":host { display: inline-block; }", ...sheets].map(styled);
      tag.#inside.append(...read.body.childNodes);
      // The page's content policy may forbid styles in attributes; WeChat's own button is not bound by it.
      for (const one of tag.#inside.querySelectorAll("[style]")) one.style.cssText = one.getAttribute("style");
      tag.#inside.addEventListener("click", () => ask(tag));
      if (!tag.getAttribute("template")?.trim()) tell(tag, { errMsg: "subscribe:fail 参数传空了", errCode: 10001 });
    }
  }

  function styled(css) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  }

  const ask = (tag) => send("subscribe", { template: tag.getAttribute("template") }, (answer) => tell(tag, answer));
  const tell = (tag, detail) =>
    tag.dispatchEvent(new CustomEvent(detail.errMsg === "subscribe:ok" ? "success" : "error", { detail }));

  // Once it is known what may be shown; pages hear of tags that stay away.
  function drawTags() {
    const found = [...document.querySelectorAll(SUBSCRIBE)];
    for (const tag of found) OpenSubscribe.draw(tag);
    if (!found.length || tags.has(SUBSCRIBE) || document.readyState === "loading") return;
    const errMsg = state === "failed" ? refusal.errMsg : `openTagList 里没有 ${SUBSCRIBE}`;
    console.warn(`${SUBSCRIBE}：${errMsg}`);
    document.dispatchEvent(new CustomEvent("WeixinOpenTagsError", { detail: { errMsg } }));
  }

  customElements.define(SUBSCRIBE, OpenSubscribe);
  document.addEventListener("DOMContentLoaded", () => (state === "done" || state === "failed") && drawTags());

  // A chosen picture can be shown by its localId: the browser cannot load it, so its data take its place.
  document.addEventListener("error", ({ target }) => {
    if (target.tagName !== "IMG" || !/^wxlocalresource:/i.test(target.src)) return;
    wx.getLocalImgData({ localId: target.src, success: ({ localData }) => { target.src = localData; } });
  }, true);

  // A link into the mini-program leaves the page: the phone opens it, as WeChat does by itself.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]")?.href ?? "";
    if (event.defaultPrevented || window.parent === window) return;
    if (!/^(https:\/\/wxaurl\.cn\/|weixin:\/\/dl\/business\/)/.test(link)) return;
    event.preventDefault();
    tellPhone({ api: "link", link });
  });

  window.wx = wx;
  window.jWeixin = wx;
  tellPhone({ api: "here" });
  document.addEventListener("DOMContentLoaded", () => tellPhone({ api: "here" }));
})();
