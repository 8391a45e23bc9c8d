// What the account has published: its home on the phone, and what the panel does about it.

import { get, make, post, tell } from "./http.js";
import { offer, when } from "./notices.js";
import { openPage } from "./sheets.js";

const SHOWN = 20;

offer("articles", async () => {
  const published = await get("publications");
  const standing = (published ?? []).map((one) => ({ ...one, articles: one.articles.filter((article) => !article.gone) }))
    .filter((one) => one.articles.length);
  return published && standing.slice(0, SHOWN).flatMap((one) => [
    make("div", { class: "time", "data-key": `${one.article_id}-time` }, when(one.at)),
    ...one.articles.map(entry),
  ]);
});

function entry(article) {
  const cover = article.picture ? make("img", { src: article.picture, alt: "", width: "48", height: "48" }) : null;
  cover?.addEventListener("error", () => cover.remove());
  const about = `阅读 ${article.reads}　赞 ${article.likes}　留言 ${article.comments}`;
  return make("button", {
    type: "button", class: "entry", "data-key": article.url, "data-test": "home-article",
    onclick: () => openPage(article.url, article.title, "home"),
  }, make("span", { class: "words" }, make("b", {}, article.title), make("span", {}, about)), cover);
}

// The panel's part: the newest publications, and the account's rights.
export function section(state) {
  const rows = make("tbody", {});
  const none = make("p", { class: "soft" }, "还没有发布过文章。");
  const table = make("table", { hidden: "" }, rows);
  const read = async () => {
    const published = (await get("publications")) ?? [];
    rows.replaceChildren(...published.slice(0, 5).map((one) => row(one, read)));
    none.hidden = published.length > 0;
    table.hidden = !published.length;
  };
  read();
  return make("section", { "data-test": "publications" }, make("h3", {}, "发布的文章"), none, table,
    make("div", { class: "fields" }, ...Object.entries(RIGHTS).map(([name, label]) => right(name, label, state.rights[name]))));
}

const RIGHTS = { publishing: "可以发布", comments: "可以留言", statistics: "可以取统计" };

function right(name, label, held) {
  const box = make("input", { type: "checkbox", "data-test": `right-${name}` });
  box.checked = held;
  box.addEventListener("change", async () => {
    if (await post("rights", { [name]: box.checked })) tell(box.checked ? "权限给回来了。" : "没有这个权限了，调用会被拒绝。");
  });
  return make("label", { class: "check" }, box, label);
}

function row(one, again) {
  const [first] = one.articles;
  const more = one.articles.length > 1 ? `等 ${one.articles.length} 篇` : "";
  const act = (label, deed) => make("button", {
    type: "button", class: "quiet", "data-test": `publication-${deed}`,
    onclick: async () => {
      if (await post(`publications/${deed}`, { article_id: one.article_id })) await again();
    },
  }, label);
  const gone = one.articles.every((article) => article.gone);
  return make("tr", {}, make("td", {}, `${first.title}${more}`), make("td", {}, gone ? first.gone : `阅读 ${first.reads}`),
    make("td", {}, ...(gone ? [] : [act("删除", "delete"), " ", act("封禁", "ban")])));
}
