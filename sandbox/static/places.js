// Choosing a place: on a drawn map of the county, from a list, or by numbers.

import { make } from "./http.js";
import { askFor } from "./sheets.js";

export const PLACES = [
  ["黄陵县城", 35.5814, 109.2627, "陕西省延安市黄陵县桥山街道"],
  ["轩辕大道", 35.5849, 109.2571, "陕西省延安市黄陵县轩辕大道"],
  ["店头镇", 35.6381, 109.0246, "陕西省延安市黄陵县店头镇"],
  ["隆坊镇", 35.6539, 109.3562, "陕西省延安市黄陵县隆坊镇"],
  ["双龙镇", 35.6587, 108.8811, "陕西省延安市黄陵县双龙镇"],
];
const TOWNS = PLACES.filter(([name]) => name !== "轩辕大道"); // a street within the first
// What the drawn map shows, in degrees; roads and river are there to find one's way, not to scale.
const WEST = 108.8;
const EAST = 109.45;
const SOUTH = 35.5;
const NORTH = 35.74;
const NEAR = 0.02; // degrees

export async function askForPlace(title = "发送位置") {
  const [, latitude, longitude, label] = PLACES[0];
  const place = await askFor(title, [
    { name: "label", label: "地点", value: label },
    { name: "latitude", label: "纬度", value: latitude, type: "number", required: true },
    { name: "longitude", label: "经度", value: longitude, type: "number", required: true },
  ], {
    above: map,
    chips: PLACES.map(([name, x, y, words]) => ({ label: name, values: { label: words, latitude: x, longitude: y } })),
  });
  return place && { ...place, latitude: Number(place.latitude), longitude: Number(place.longitude) };
}

function map(inputs) {
  const pin = make("span", { class: "pin" });
  const view = make("div", { class: "chooser", "data-test": "map", role: "img", "aria-label": "示意地图，点一下选位置" },
    ...TOWNS.map(([name, latitude, longitude]) => at(make("span", { class: "spot" }, name), latitude, longitude)), pin);
  const follow = () => at(pin, Number(inputs.latitude.value), Number(inputs.longitude.value));
  view.addEventListener("click", (event) => {
    const box = view.getBoundingClientRect();
    const longitude = WEST + (event.clientX - box.left) / box.width * (EAST - WEST);
    const latitude = NORTH - (event.clientY - box.top) / box.height * (NORTH - SOUTH);
    inputs.latitude.value = latitude.toFixed(6);
    inputs.longitude.value = longitude.toFixed(6);
    inputs.label.value = words(latitude, longitude);
    follow();
  });
  for (const input of [inputs.latitude, inputs.longitude]) input.addEventListener("input", follow);
  follow();
  return view;
}

function at(element, latitude, longitude) {
  const across = (longitude - WEST) / (EAST - WEST);
  const down = (NORTH - latitude) / (NORTH - SOUTH);
  element.style.left = `${Math.min(Math.max(across, 0.02), 0.98) * 100}%`;
  element.style.top = `${Math.min(Math.max(down, 0.06), 0.98) * 100}%`;
  return element;
}

function words(latitude, longitude) {
  const far = ([, x, y]) => Math.hypot(x - latitude, y - longitude);
  const nearest = PLACES.reduce((best, one) => (far(one) < far(best) ? one : best));
  return far(nearest) < NEAR ? nearest[3] : `陕西省延安市黄陵县，${nearest[0]}附近`;
}
