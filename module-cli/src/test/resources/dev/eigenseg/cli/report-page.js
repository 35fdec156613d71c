"use strict";

// Works the page as a reader would and returns what it saw; ReportPageTest reads that.
(async () => {
  const seen = {};
  const all = (selector) => [...document.querySelectorAll(selector)];
  const set = (input, value, event) => {
    input.value = value;
    input.dispatchEvent(new Event(event, { bubbles: true }));
  };
  const cut = (card) => getComputedStyle(card.querySelector(".over")).clipPath;
  const painted = () => Promise.all(views.map((view) => refresh(view)));
  const colors = (canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return new Set(new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
  };

  seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !/^(data|blob):/.test(name));
  seen.pictures = all("#cards .card").length;
  seen.brokenImages = all("img").filter((image) => image.getAttribute("alt") === "" || !image.complete || image.naturalWidth === 0).length;
  seen.unlabelled = all("input, select").filter((field) => field.labels.length === 0).length;
  seen.unnamedButtons = all("button").filter((button) => button.textContent.trim() === "").length;
  seen.unreachable = all("input, select, a, summary, button").filter((element) => element.tabIndex < 0).length;

  const [card, other] = all(".card");
  set(card.querySelector(".wipe"), 20, "input");
  seen.wiped = [cut(card), cut(other)];
  set(document.getElementById("wipe-all"), 75, "input");
  seen.wipedAll = [cut(card), cut(other), all(".wipe").every((slider) => slider.value === "75")];
  set(document.getElementById("wipe-all"), 50, "input");

  seen.layers = [];
  for (const choice of all("input[name=layer]")) {
    choice.click();
    await painted();
    seen.layers.push(`${choice.value}:${colors(card.querySelector("canvas")) > 1}:${card.querySelector("canvas").getAttribute("aria-label").split(" of ")[0]}`);
  }
  all("input[name=layer]")[0].click();
  set(document.getElementById("opacity"), 30, "input");
  seen.opacity = getComputedStyle(card.querySelector(".over")).opacity;
  set(document.getElementById("opacity"), 70, "input");

  const sort = document.getElementById("sort");
  seen.orders = {};
  for (const option of sort.options) {
    set(sort, option.value, "change");
    const key = option.value.split(":")[0];
    seen.orders[option.value] = all("#cards .card").map((item) => Number(item.dataset[key]));
  }
  set(sort, "order", "change");
  seen.names = all("#cards h3").map((title) => title.textContent);
  seen.announced = document.getElementById("sorted").textContent;

  // A chart that was drawn has pixels.
  seen.charts = {};
  for (const canvas of all("canvas[id]")) {
    seen.charts[canvas.id] = colors(canvas) > 1;
  }
  seen.overflows = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  seen.sections = all("main section").map((section) => section.id);
  return seen;
})();
