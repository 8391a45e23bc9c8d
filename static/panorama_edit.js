// Staff put hotspots where they tap in the viewer, and say where it begins. Without this script nothing is put.
(() => {
  "use strict";
  document.addEventListener("htmx:afterSwap", () => {
    if (!document.querySelector("#coming [data-test=at-work]")) location.reload(); // cut: now it can be looked at
  });
  const root = document.querySelector(".panorama");
  const form = document.getElementById("hotspot"), aim = document.getElementById("aim");
  if (!root || !form) return;
  const where = form.querySelector("[data-test=where]"), kind = form.elements.kind;

  function suit() {
    for (const label of form.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(kind.value);
  }

  root.addEventListener("panorama:point", ({ detail }) => {
    form.elements.yaw.value = detail.yaw.toFixed(2);
    form.elements.pitch.value = detail.pitch.toFixed(2);
    where.textContent = "位置记下了，点别处可以换。接着在下面填好，点「放好」。";
    root.viewer.mark(detail);
  });
  aim?.addEventListener("submit", () => {
    aim.elements.yaw.value = root.dataset.yaw ?? "";
    aim.elements.pitch.value = root.dataset.pitch ?? "";
  });
  kind.addEventListener("change", suit);
  suit();
})();
