// The mini-program's one-time codes: of the login (`wx.login`) and of the phone number, shown and sent to the service.

import { copy } from "./clipboard.js";
import { make, post } from "./http.js";
import { area, bodyOf, forget, methodChoice, pathField, put, remember, remembered, send, shown, tokenIn, tokens } from "./miniprogram_request.js";

// A tab around one kind of code; `take` gets a fresh one, and words to go with it.
function codeTab({ key, label, note, button, usual, take, above = () => null, answered = () => {} }) {
  function draw({ person }) {
    const kept = remembered(key, usual);
    const method = methodChoice(kept.method);
    const path = pathField(kept.path);
    const [bodyLabel, body] = area("请求体，{{code}} 换成上面的 code", kept.body, "mini-template", 2);
    const place = make("div", { class: "codes" });
    const result = make("div", {});
    let code = ""; // one that was not sent yet
    const extra = above(person);

    async function fresh() {
      const done = await take(person.openid, extra?.value);
      code = done?.code ?? "";
      if (!code) return "";
      place.replaceChildren(make("code", { "data-test": "mini-code" }, code),
        make("button", { type: "button", class: "pick", "data-test": "mini-copy", onclick: () => copy(done.code, "已复制 code。") }, "复制"),
        ...(done.phone ? [make("p", { class: "note" }, `手机号 ${done.phone}`)] : []));
      return code;
    }

    const form = make("form", { class: "block" }, make("h2", {}, "发给服务"), make("div", { class: "where" }, method, path), bodyLabel,
      make("div", { class: "ends" },
        make("button", {
          type: "button", class: "quiet", "data-test": "mini-usual",
          onclick: () => {
            forget(key);
            Object.assign(method, { value: usual.method });
            Object.assign(path, { value: usual.path });
            Object.assign(body, { value: usual.body });
          },
        }, "恢复默认"),
        make("button", { type: "submit", class: "pick good", "data-test": "mini-send" }, "发送")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      remember(key, { method: method.value, path: path.value, body: body.value });
      const sent = code || (await fresh());
      if (!sent) return;
      const given = bodyOf(body.value.replaceAll("{{code}}", sent));
      if (!given) return;
      const token = tokens.get(person.openid) ?? "";
      const answer = await send(person.openid, { method: method.value, path: path.value.trim(), body: given.body, token: key === "login" ? "" : token });
      if (!answer) return;
      if (code === sent) code = ""; // it is good once; another may have been taken since
      put(result, ...[answered(person, answer), shown(answer)].filter(Boolean));
    });
    return make("div", { class: "list" },
      make("section", { class: "block" }, make("p", { class: "note" }, note), extra?.label,
        make("button", { type: "button", class: "primary", "data-test": `mini-take-${key}`, onclick: fresh }, button), place),
      form, result);
  }
  return { key, label, draw };
}

export const login = codeTab({
  key: "login",
  label: "登录",
  note: "wx.login 给出 code，由服务拿去换 openid。只能用一次，5 分钟内有效。",
  button: "取登录 code",
  usual: { method: "POST", path: "/api/v1/auth/miniprogram", body: '{"code": "{{code}}"}' },
  take: (openid) => post(`people/${openid}/log-in`),
  answered: (person, answer) => {
    const token = answer.status < 400 ? tokenIn(answer) : "";
    if (!token) return null;
    tokens.set(person.openid, token);
    return make("p", { class: "kept", "data-test": "mini-kept" }, "令牌已记下，「请求」「手机号」里会带上。");
  },
});

export const phoneNumber = codeTab({
  key: "phone",
  label: "手机号",
  note: "getPhoneNumber 给出 code，与登录的 code 不能互换。只能用一次，5 分钟内有效。",
  button: "取手机号 code",
  usual: { method: "POST", path: "/api/v1/me/phone", body: '{"code": "{{code}}"}' },
  above: () => {
    const input = make("input", { type: "text", inputmode: "numeric", maxlength: "11", autocomplete: "off", placeholder: "不填就是原来的", "data-test": "mini-number" });
    return { label: make("label", {}, "换一个手机号", input), get value() { return input.value.trim(); } };
  },
  take: (openid, phone) => post(`people/${openid}/give-phone`, phone ? { phone } : {}),
});
