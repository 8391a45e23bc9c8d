// Draws a chart above the table that holds its numbers: one stacked bar for each row, one part for each column
// after the total. Without it, and in print, the table is all there is.
(() => {
  "use strict";
  const COLOURS = ["#00695C", "#E08E0B", "#3F6FB5", "#B5476B", "#7A7A2E", "#6B6B6B"];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const number = (cell) => Number(cell.textContent.replace(/[^0-9]/g, ""));

  function draw(box, chart) {
    const table = document.querySelector(box.dataset.chart);
    const rows = [...table.tBodies[0].rows];
    const names = [...table.tHead.rows[0].cells].slice(2).map((cell) => cell.textContent);
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--soft").trim(), line = style.getPropertyValue("--line").trim();
    const colours = dark.matches ? ["#4DB6A4", ...COLOURS.slice(1)] : COLOURS;
    chart.setOption({
      animation: false,
      color: colours,
      grid: { left: 48, right: 12, top: 32, bottom: 32 },
      xAxis: {
        type: "category",
        data: rows.map((row) => row.cells[0].textContent.slice(5)),
        axisLabel: { color: ink, hideOverlap: true },
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
      },
      yAxis: {
        type: "value",
        name: box.dataset.unit,
        minInterval: 1,
        nameTextStyle: { color: ink, align: "right" },
        axisLabel: { color: ink },
        splitLine: { lineStyle: { color: line } },
      },
      series: names.map((name, place) => ({
        name,
        type: "bar",
        stack: "all",
        barMaxWidth: 28,
        data: rows.map((row) => number(row.cells[place + 2])),
      })),
    });
  }

  for (const box of document.querySelectorAll("[data-chart]")) {
    box.hidden = false;
    if (box.nextElementSibling?.classList.contains("legend")) box.nextElementSibling.hidden = false;
    const chart = window.echarts.init(box);
    draw(box, chart);
    // The table is one tap away now; on paper it is always there.
    const folded = document.querySelector(box.dataset.chart).closest("details");
    if (folded) {
      folded.open = false;
      window.addEventListener("beforeprint", () => { folded.open = true; });
    }
    dark.addEventListener("change", () => draw(box, chart));
    new ResizeObserver(() => chart.resize()).observe(box);
  }
})();
