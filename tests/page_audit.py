"""What is wrong with a page on a phone, for weak eyes or a screen reader; asked inside a real browser."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

_AUDIT = r"""() => {
  const wrong = [];
  const words = (element) => (element.outerHTML ?? "").replace(/\s+/g, " ").slice(0, 120);
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  if (document.documentElement.scrollWidth > innerWidth) {
    wrong.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
    for (const each of document.querySelectorAll("body *")) {
      if (each.getBoundingClientRect().right > innerWidth + 1) { wrong.push(`  by ${words(each)}`); break; }
    }
  }
  if (document.documentElement.lang !== "zh-CN") wrong.push("no language");
  for (const [what, expected] of [["h1", 1], ["main", 1]]) {
    const found = document.querySelectorAll(what).length;
    if (found !== expected) wrong.push(`${found} of ${what}`);
  }
  let level = 1;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) wrong.push(`heading leaps: ${words(heading)}`);
    level = own;
  }
  for (const nav of document.querySelectorAll("nav")) {
    if (!nav.ariaLabel) wrong.push(`no name: ${words(nav)}`);
  }
  for (const image of document.querySelectorAll("img:not([alt])")) wrong.push(`no alt: ${words(image)}`);

  const named = (element) =>
    [element.ariaLabel, element.labels?.[0]?.textContent, element.title, element.textContent].join("").trim();
  const isInText = (element) => {
    if (getComputedStyle(element).display !== "inline") return false;
    const around = element.parentElement.cloneNode(true);
    for (const link of around.querySelectorAll("a")) link.remove();
    return Boolean(around.textContent.trim());
  };
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const each of document.querySelectorAll(controls)) {
    if (!isSeen(each) || each.classList.contains("skip")) continue;
    if (!named(each)) wrong.push(`no name: ${words(each)}`);
    const { width, height } = each.getBoundingClientRect();
    const small = Math.min(width, height) < 43.9;
    if (small && !["radio", "checkbox"].includes(each.type) && !isInText(each)) {
      wrong.push(`small (${Math.round(width)} x ${Math.round(height)}): ${words(each)}`);
    }
  }

  const read = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (top, below) => ({
    red: top.red * top.alpha + below.red * (1 - top.alpha),
    green: top.green * top.alpha + below.green * (1 - top.alpha),
    blue: top.blue * top.alpha + below.blue * (1 - top.alpha),
    alpha: 1,
  });
  const ground = (element) => {
    if (!element) return { red: 255, green: 255, blue: 255, alpha: 1 };
    const own = read(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own : over(own, ground(element.parentElement));
  };
  const light = ({ red, green, blue }) => {
    const [r, g, b] = [red, green, blue].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !isSeen(element)) continue;
    if (element.closest("svg, .skip, script, style")) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const [a, b] = [light(over(read(style.color), below)), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const said = node.textContent.trim().slice(0, 30);
    if (ratio < (isLarge ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(2)}: ${said}`);
  }
  return wrong;
}"""


async def audit(page: "Page") -> list[str]:
    """One line for each thing that is wrong."""
    return list(await page.evaluate(_AUDIT))
