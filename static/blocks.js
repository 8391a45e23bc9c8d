// Blocks of an article: what is chosen is sent at once and the form shows it. Everything works without it.
(() => {
  const form = document.querySelector("form.writing");
  const part = () => form?.querySelector("fieldset.blocks");
  if (!part()) return;
  let busy = false;

  function say(words) {
    let line = document.getElementById("error");
    if (!line && words) {
      line = Object.assign(document.createElement("p"), {id: "error", className: "error"});
      line.setAttribute("role", "alert");
      form.before(line);
    }
    if (line) { line.textContent = words; line.hidden = !words; }
    if (words) line.scrollIntoView({block: "nearest"});
  }

  function tooLarge(input) {
    const most = Number(input.dataset.most);
    const one = [...input.files].find(file => file.size > most * 1024 * 1024);
    if (one) { say(`「${one.name}」有 ${Math.ceil(one.size / 1024 / 1024)} MB，最多 ${most} MB。`); input.value = ""; }
    return Boolean(one);
  }

  async function send(act) {
    if (busy) return;
    busy = true;
    const waiting = document.getElementById("sending");
    waiting.hidden = false;
    const filled = new FormData(form);
    filled.append("do", act);
    try {
      const answer = await fetch(form.action, {method: "POST", body: filled});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("form.writing fieldset.blocks");
      if (next) part().replaceWith(document.adoptNode(next));
      say((page.getElementById("error") ?? (next ? null : page.querySelector("main")))?.textContent.trim() ?? "");
    } catch {
      say("没有传上去，网络可能断了。写的都还在，请再试一次。");
    } finally {
      busy = false;
      const line = document.getElementById("sending");
      if (line) line.hidden = true;
    }
  }

  form.addEventListener("change", event => {
    if (!event.target.matches("fieldset.blocks [data-renew]")) return;
    if (event.target.type === "file" && (!event.target.files.length || tooLarge(event.target))) return;
    send("stay");
  });
  form.addEventListener("click", event => {
    const button = event.target.closest("fieldset.blocks button[name=do]");
    if (!button) return;
    event.preventDefault();
    send(button.value);
  });
  document.documentElement.classList.add("sends-at-once");
})();
