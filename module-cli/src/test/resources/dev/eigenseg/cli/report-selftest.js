"use strict";

// Works the page as a reader would and leaves what it saw in an element; ReportTest reads that.
const seen = { problems: window.problems };
const all = (selector) => [...document.querySelectorAll(selector)];
const names = () => all("#cards h3").map((title) => title.textContent);
const set = (input, value, event) => {
  input.value = value;
  input.dispatchEvent(new Event(event, { bubbles: true }));
};
const cut = (card) => getComputedStyle(card.querySelector(".over")).clipPath;

seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
seen.pictures = all("#cards .card").length;
seen.brokenImages = all("img").filter((image) => image.getAttribute("alt") === "" || !image.complete || image.naturalWidth === 0).length;
seen.unlabelled = all("input, select").filter((field) => field.labels.length === 0).length;
seen.unreachable = all("input, select, a, summary").filter((element) => element.tabIndex < 0).length;

const card = document.querySelector(".card");
const other = all(".card")[1];
set(card.querySelector(".wipe"), 20, "input");
seen.wiped = [cut(card), cut(other)];
set(document.getElementById("wipe-all"), 75, "input");
seen.wipedAll = [cut(card), cut(other), all(".wipe").map((slider) => slider.value).every((value) => value === "75")];

const shown = () => all("#cards .card:first-child .over img").filter((image) => getComputedStyle(image).display !== "none").map((image) => image.className);
seen.layers = all("input[name=layer]").map((choice) => {
  choice.click();
  return `${choice.value}:${shown()}`;
});
set(document.getElementById("opacity"), 30, "input");
seen.opacity = getComputedStyle(card.querySelector(".segments")).opacity;

const sort = document.getElementById("sort");
seen.orders = {};
for (const option of sort.options) {
  set(sort, option.value, "change");
  const key = option.value.split(":")[0];
  seen.orders[option.value] = all("#cards .card").map((item) => Number(item.dataset[key]));
}
set(sort, "order", "change");
seen.names = names();
seen.announced = document.getElementById("sorted").textContent;

// A chart that was drawn has pixels.
seen.charts = {};
for (const canvas of all("canvas")) {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  seen.charts[canvas.id] = pixels.some((value) => value !== 0);
}
seen.overflows = document.documentElement.scrollWidth > document.documentElement.clientWidth;
seen.sections = all("main section").map((section) => section.id);

const result = document.createElement("pre");
result.id = "selftest";
result.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
document.body.append(result);
