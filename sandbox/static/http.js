// Talking to the control API, and saying briefly when something cannot be done.

const toast = document.getElementById("toast");
let hiding;

export function tell(text) {
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { toast.hidden = true; }, 2600);
}

async function ask(path, options) {
  let answer;
  let body;
  try {
    answer = await fetch(`/sandbox/api/${path}`, options);
    body = await answer.json();
  } catch {
    // A reading that fails is read again when the line is back, and the top of the page says so.
    if (options) tell("沙盒没有应答，请看它是否还在运行。");
    return null;
  }
  if (!answer.ok) {
    tell(body.error || "没有办成。");
    return null;
  }
  return body;
}

// Like `post`, but what cannot be done comes back as `error`, for who has a better place to say it.
export async function tryPost(path, body) {
  try {
    const answer = await fetch(`/sandbox/api/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { error: "沙盒没有应答，请看它是否还在运行。" };
  }
}

export const get = (path) => ask(path);
export const drop = (path) => ask(path, { method: "DELETE" });
export const post = (path, body = {}) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

// An element with attributes and children; the only way this page makes markup from data.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Drawn icons; the names are this page's own, never data.
const SHAPES = {
  keyboard: '<rect x="3" y="6" width="18" height="12" rx="2"/><path d="M7 10h.01M10.5 10h.01M14 10h.01M17 10h.01M8 14h8"/>',
  menu: '<path d="M5 7h14M5 12h14M5 17h14"/>',
  plus: '<circle cx="12" cy="12" r="9"/><path d="M12 8v8M8 12h8"/>',
  voice: '<circle cx="12" cy="12" r="9"/><path d="M9 14.5a3.5 3.5 0 0 0 0-5M11.8 16.5a6.4 6.4 0 0 0 0-9"/>',
  waves: '<path d="M6 14.5a3.5 3.5 0 0 0 0-5M9 17a7 7 0 0 0 0-10M12.2 19.5a10.6 10.6 0 0 0 0-15"/>',
  photo: '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m4 17 5-5 4 4 3-3 4 4"/><circle cx="15.5" cy="9.5" r="1.2"/>',
  upload: '<path d="M12 16V5m-4 4 4-4 4 4M5 19h14"/>',
  place: '<path d="M12 21s7-6.2 7-11a7 7 0 0 0-14 0c0 4.8 7 11 7 11z"/><circle cx="12" cy="10" r="2.5"/>',
  film: '<rect x="3" y="6" width="12" height="12" rx="2"/><path d="m15 11 6-3v8l-6-3z"/>',
  link: '<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.7L12 17"/>',
  smile: '<circle cx="12" cy="12" r="9"/><path d="M8.5 14.5q3.5 3 7 0M9 9.8h.01M15 9.8h.01"/>',
  mic: '<rect x="9" y="3.5" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M9 21h6"/>',
  spark: '<rect x="4" y="4" width="16" height="16" rx="3"/><path d="m12.5 7-4 6h4l-1 4 4-6h-4z"/>',
  mini: '<path d="M12 8.5v7a3 3 0 1 1-3-3M12 15.5v-7a3 3 0 1 1 3 3"/>',
  scan: '<path d="M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16"/>',
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const [key, value] of Object.entries({
    fill: "none", stroke: "currentColor", "stroke-width": "1.6",
    "stroke-linecap": "round", "stroke-linejoin": "round",
  })) svg.setAttribute(key, value);
  svg.innerHTML = SHAPES[name];
  return svg;
}
