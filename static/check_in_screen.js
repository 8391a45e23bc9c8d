// The screen at the venue: always the code of this half minute, and none at all when the service is away: one
// that is old would only send people back.
(() => {
  "use strict";
  const screen = document.getElementById("screen");
  const whole = document.getElementById("whole");
  const EVERY = 4000;  // of the thirty seconds that a code stands
  const PATIENCE = 45000;  // as long as the last one is still taken

  let heard = performance.now();

  async function renew() {
    try {
      const answer = await fetch(`${screen.dataset.at}/screen/code`, { signal: AbortSignal.timeout(8000) });
      if (answer.redirected) { location.reload(); return; }  // nobody is signed in any more
      if (answer.ok) {
        const { code, counts } = await answer.json();
        document.getElementById("code").innerHTML = code;  // drawn by the service, nobody's words in it
        for (const place of document.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
        heard = performance.now();
      }
    } catch { /* away: it is asked again */ }
    screen.dataset.shown = performance.now() - heard < PATIENCE ? "yes" : "no";
    setTimeout(renew, EVERY);
  }

  if (screen.requestFullscreen) {
    whole.hidden = false;
    whole.addEventListener("click", () => screen.requestFullscreen());
  }
  // A screen that falls asleep shows nobody a code.
  const stayAwake = () => navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", () => { if (!document.hidden) stayAwake(); });
  stayAwake();
  setTimeout(renew, EVERY);
})();
