// The button that prints; without scripts the browser's own does.
const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
