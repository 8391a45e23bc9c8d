// In WeChat: tells it how the card of this page looks, from what the page's head says of it. Outside WeChat, or
// where the page cannot be signed, nothing happens and the page is shared as any other.
(() => {
  "use strict";
  if (!window.weixin.inside) return;

  const said = (name) => document.querySelector(`meta[property="og:${name}"]`)?.content ?? "";
  const title = said("title");
  if (!title) return;
  // WeChat does not tell whether a page was shared; who comes by the link of an article is counted instead.
  const link = said("url") + (location.pathname.startsWith("/news/") ? "?from=share" : "");
  const card = { title, desc: said("description"), link, imgUrl: said("image") };

  const place = document.querySelector("[data-map]"); // in WeChat its own map opens

  const apis = ["updateAppMessageShareData", "updateTimelineShareData", ...(place ? ["openLocation"] : [])];
  const signed = window.weixin.ready(apis);
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
