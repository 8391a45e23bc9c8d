// In WeChat: tells it how the card of this page looks, from what the page's head says of it. Outside WeChat, or
// where the page cannot be signed, nothing happens and the page is shared as any other.
(() => {
  "use strict";
  // A page of ours stands in a frame only in the phone that developers use.
  if (!/MicroMessenger/i.test(navigator.userAgent) && window.parent === window) return;

  const said = (name) => document.querySelector(`meta[property="og:${name}"]`)?.content ?? "";
  const title = said("title");
  if (!title) return;
  const card = { title, desc: said("description"), link: said("url"), imgUrl: said("image") };

  const load = (address) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    script.src = address;
    document.head.append(script);
  });

  const place = document.querySelector("[data-map]"); // in WeChat its own map opens

  async function sign() {
    const page = location.href.split("#")[0];
    const answer = await fetch(`/share/signature?url=${encodeURIComponent(page)}`);
    if (!answer.ok) throw new Error(`no signature: ${answer.status}`);
    const { config, script } = await answer.json();
    await load(script);
    const { wx } = window;
    const apis = ["updateAppMessageShareData", "updateTimelineShareData", ...(place ? ["openLocation"] : [])];
    wx.config({ ...config, jsApiList: apis });
    await new Promise((resolve) => wx.ready(resolve));
    return wx;
  }

  const signed = sign();
  signed.then((wx) => {
    wx.updateAppMessageShareData(card);
    wx.updateTimelineShareData({ title: card.title, link: card.link, imgUrl: card.imgUrl });
  }).catch(() => {}); // away, or kept from us: the page itself needs nothing of it

  // Who taps before WeChat is ready waits for it: WeChat's browser does not follow the link itself.
  place?.addEventListener("click", (event) => {
    event.preventDefault();
    signed.then(
      (wx) => wx.openLocation({ ...JSON.parse(place.dataset.map), scale: 16 }),
      () => { location.href = place.href; },
    );
  });
})();
