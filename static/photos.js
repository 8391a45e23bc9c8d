// Pictures of an album are sent one by one, so that each says for itself what became of it and a bad one loses
// none of the others. Without this script the form sends them together.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]"), zone = form.querySelector(".drop");
  const box = document.getElementById("sent"), bar = box.querySelector("progress");
  const words = box.querySelector("span"), list = box.querySelector("ul"), button = form.querySelector("button");

  if (zone) {
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
    }
    for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      input.files = event.dataTransfer.files;
    });
  }

  function tell(name, said) {
    const row = document.createElement("li");
    row.textContent = `${name}：${said}`;
    list.append(row);
  }

  async function send(file) {
    const parts = new FormData();
    parts.append("token", form.elements.token.value);
    parts.append("agreed", "yes");
    parts.append("photos", file);
    try {
      const answer = await fetch(form.action, { method: "POST", body: parts, headers: { Accept: "application/json" } });
      if (!(answer.headers.get("content-type") || "").includes("json")) throw new Error(String(answer.status));
      return await answer.json();
    } catch {
      return { good: false, words: "没有传上去，请检查网络，再选它传一次。" };
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = [...input.files];
    box.hidden = false;
    button.disabled = true;
    list.replaceChildren();
    bar.max = files.length;
    let good = 0;
    for (const [number, file] of files.entries()) {
      bar.value = number;
      words.textContent = `正在上传第 ${number + 1} 张，共 ${files.length} 张`;
      const told = await send(file);
      if (told.good) good += 1; else tell(file.name, told.words);
    }
    bar.value = files.length;
    words.textContent = `传好 ${good} 张${good < files.length ? `，${files.length - good} 张没有传上，原因在下面` : ""}。`;
    button.disabled = false;
    if (good === files.length) location.assign(box.querySelector("a").href);
  });
})();
