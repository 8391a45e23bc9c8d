// A broadcast's page: how long until it begins, chapters that jump, and honest words where a stream cannot play.
(() => {
  "use strict";
  const film = document.getElementById("film"), countdown = document.getElementById("countdown");

  if (countdown) {
    // By the clock of the service: telephones go wrong, and the page says when it was made.
    const opened = performance.now(), left = Number(countdown.dataset.to) - Number(countdown.dataset.from);
    const two = (number) => String(number).padStart(2, "0");
    const tell = () => {
      const seconds = Math.ceil(left - (performance.now() - opened) / 1000);
      if (seconds <= 0) { location.reload(); return; }
      const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
      countdown.textContent = days ? `还有 ${days} 天 ${hours} 小时` : `还有 ${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
      setTimeout(tell, days ? 60000 : 1000);
    };
    tell();
  }

  if (film) {
    const instead = (id) => { document.getElementById(id).hidden = false; film.hidden = true; };
    if (film.dataset.stream && !film.canPlayType("application/vnd.apple.mpegurl")) instead("cannot");
    else {
      film.addEventListener("error", () => instead("broken"));
      if (film.error) instead("broken"); // before this ran
      document.getElementById("again").addEventListener("click", () => {
        document.getElementById("broken").hidden = true;
        film.hidden = false;
        film.load();
        film.play().catch(() => {}); // who speaks of it is `error`
      });
    }
    for (const link of document.querySelectorAll("[data-seconds]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        film.currentTime = Number(link.dataset.seconds);
        film.play().catch(() => {}); // a browser may want another tap
      });
    }
  }
})();
