// 「提醒我」 of a sign-up: WeChat's own button asks for subscription notices, in WeChat alone. What was answered
// comes to the service from WeChat, but where somebody told it to keep his choice: that only the page sees.
(() => {
  "use strict";
  const part = document.getElementById("remind");
  if (!part || !window.weixin.inside) return;
  const button = part.querySelector("wx-open-subscribe");
  const said = part.querySelector("[role=status]");
  const ask = () => { part.hidden = false; part.querySelector(".ask").hidden = false; };

  window.weixin.ready(["closeWindow"], ["wx-open-subscribe"]).then(ask, () => {}); // there is a word for it in chat

  button.addEventListener("success", ({ detail }) => {
    const answers = Object.entries(JSON.parse(detail.subscribeDetails)); // JSON within JSON, as WeChat gives it
    const agreed = answers.filter(([, answer]) => JSON.parse(answer).status === "accept").map(([id]) => id);
    said.textContent = agreed.length
      ? "好的，到时候在微信里通知您。每同意一次收一条，想多收可以再点。"
      : "没有同意，就不打扰您。改主意了，再点一次。";
    if (!agreed.length) return;
    const body = new URLSearchParams({ token: part.dataset.token, templates: agreed.join(",") });
    fetch(part.dataset.to, { method: "POST", body }).catch(() => {}); // WeChat tells the service as well
  });
  button.addEventListener("error", () => {
    said.textContent = "微信没有问成，请稍后再点一次。";
  });
})();
