"use strict";

// Sliders: each wipes between a photograph and what lies over it.
const wipes = document.querySelectorAll(".wipe");

function wipe(slider) {
  slider.parentElement.style.setProperty("--wipe", slider.value);
}

for (const slider of wipes) {
  slider.addEventListener("input", () => wipe(slider));
}

document.getElementById("wipe-all").addEventListener("input", (event) => {
  for (const slider of wipes) {
    slider.value = event.target.value;
    wipe(slider);
  }
});

document.getElementById("opacity").addEventListener("input", (event) => {
  document.body.style.setProperty("--opacity", event.target.value / 100);
});

for (const choice of document.querySelectorAll("input[name=layer]")) {
  choice.addEventListener("change", () => {
    document.body.dataset.layer = choice.value;
  });
}

// Sorting. Images without a score come last, whatever the direction.
document.getElementById("sort").addEventListener("change", (event) => {
  const [key, direction] = event.target.value.split(":");
  const sign = direction === "down" ? -1 : 1;
  const cards = document.getElementById("cards");
  const value = (card) => (key in card.dataset ? sign * Number(card.dataset[key]) : Infinity);
  const order = (card) => Number(card.dataset.order);
  const compare = (a, b) => (value(a) === value(b) ? order(a) - order(b) : value(a) - value(b));
  cards.append(...[...cards.children].sort(compare));
  const chosen = event.target.selectedOptions[0].textContent;
  document.getElementById("sorted").textContent = `Sorted by ${chosen}`;
});

// Forms send nothing: Enter in one would load the page anew.
document.querySelector("form.tools").addEventListener("submit", (event) => event.preventDefault());

// Charts, drawn again when the colours of the page change.
const numbers = JSON.parse(document.getElementById("charts").textContent);
const drawn = [];

function colors() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return { ink: color("--ink"), soft: color("--soft"), line: color("--line"), accent: color("--accent") };
}

function axis(palette, title, more) {
  return {
    title: { display: title !== "", text: title, color: palette.soft },
    ticks: { color: palette.soft, ...more },
    grid: { color: palette.line },
    border: { display: false },
  };
}

function bars(id, data, unit, max) {
  const palette = colors();
  const names = { ...axis(palette, "", { autoSkip: false, color: palette.ink }), grid: { display: false } };
  drawn.push(new Chart(id, {
    type: "bar",
    data: {
      labels: data.labels,
      datasets: [{
        data: data.values,
        backgroundColor: data.colors ?? palette.accent,
        borderColor: palette.line,
        borderWidth: data.colors ? 1 : 0,
        borderRadius: 3,
        maxBarThickness: 16,
      }],
    },
    options: {
      indexAxis: "y",
      animation: false,
      maintainAspectRatio: false,
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: { label: (item) => `${item.parsed.x.toFixed(2)} ${unit}` } },
      },
      scales: { x: { ...axis(palette, unit, {}), beginAtZero: true, max }, y: names },
    },
  }));
}

function curve(id, x, y, y0) {
  const palette = colors();
  drawn.push(new Chart(id, {
    type: "line",
    data: {
      labels: x,
      datasets: [{
        data: y,
        borderColor: palette.accent,
        backgroundColor: palette.accent,
        borderWidth: 2,
        pointRadius: x.length > 30 ? 0 : 2,
        pointHitRadius: 12,
        tension: 0.2,
      }],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false } },
      scales: { x: axis(palette, "epoch", { maxTicksLimit: 10, maxRotation: 0 }), y: { ...axis(palette, "", {}), grace: "5%", min: y0 } },
    },
  }));
}

function draw() {
  for (const chart of drawn.splice(0)) {
    chart.destroy();
  }
  if (numbers.iou) {
    bars("chart-iou", numbers.iou, "%", 100);
  }
  if (numbers.training) {
    const { epoch } = numbers.training;
    curve("chart-loss", epoch, numbers.training.loss);
    curve("chart-temperature", epoch, numbers.training.temperature, 0);
    curve("chart-clusters-used", epoch, numbers.training["clusters-used"], 0);
  }
  bars("chart-timings", numbers.timings, "s");
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
