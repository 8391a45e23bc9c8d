// Where an organiser stands, for the form of an activity: asked only when he taps for it.
(() => {
  "use strict";
  const button = document.getElementById("point-here");
  if (!navigator.geolocation) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.textContent = "正在取位置…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const { check_in_point: point } = button.form.elements;
        point.value = `${coords.latitude.toFixed(6)}, ${coords.longitude.toFixed(6)}`;
        button.textContent = `已填入，误差约 ${Math.round(coords.accuracy)} 米；再取一次`;
      },
      () => { button.textContent = "没有取到位置，请允许后再点一次"; },
      { enableHighAccuracy: true, timeout: 15000 },
    );
  });
})();
