// Charts, drawn again when the colours of the page change.
const numbers = data.charts;
const drawn = [];
const SERIES = ["#2a8aa8", "#d98b2b", "#7a62b8", "#5b9c46", "#c2517a", "#8a8f98"];

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

// A group of bars for each label, one bar for each series.
function bars(id, { labels, series }, unit, max) {
  const palette = colors();
  const names = { ...axis(palette, "", { autoSkip: false, color: palette.ink }), grid: { display: false } };
  drawn.push(new Chart(id, {
    type: "bar",
    data: {
      labels,
      datasets: series.map(({ name, values, colors: own }, index) => ({
        label: name,
        data: values,
        backgroundColor: own ?? SERIES[index % SERIES.length] ?? palette.accent,
        borderColor: palette.line,
        borderWidth: own ? 1 : 0,
        borderRadius: 3,
        maxBarThickness: 16,
      })),
    },
    options: {
      indexAxis: "y",
      animation: false,
      maintainAspectRatio: false,
      plugins: {
        legend: { display: series.length > 1, labels: { color: palette.ink, boxWidth: 12, boxHeight: 12 } },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label ?? ""} ${item.parsed.x.toFixed(2)} ${unit}`.trim() } },
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
