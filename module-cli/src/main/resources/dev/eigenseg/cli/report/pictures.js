// Pictures: maps of clusters and classes over photographs, in the colours of their names.
const RIGHT = [244, 244, 244, 160]; // right pixels fade away, so that the photograph shows where wrong ones lie
const WRONG = [209, 64, 63, 224];
const VOID = [48, 48, 48, 176];
const DIMMED = 40;

const views = [...document.querySelectorAll(".view")].map((element) => {
  const card = element.closest(".card");
  const canvas = element.querySelector("canvas");
  return { element, card, canvas, model: models[canvas.dataset.model], clusters: null, labels: null, fresh: false, near: false };
});
const viewOf = new Map(views.map((view) => [view.element, view]));

// Photographs stand in the page once.
for (const image of document.querySelectorAll("img[data-photo]")) {
  image.src = document.getElementById(`photo-${image.dataset.photo}`).src;
}

// A map: zlib of its rows, each exclusive-ored with the one above; one or two bytes a value.
async function unpack(text, wide, width) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = await new Response(stream).arrayBuffer();
  const values = wide ? new Uint16Array(raw) : new Uint8Array(raw);
  for (let i = width; i < values.length; i++) {
    values[i] ^= values[i - width];
  }
  return values;
}

async function load(view) {
  const { canvas, card } = view;
  const wide = (text) => text === "2";
  view.clusters = await unpack(canvas.dataset.map, wide(canvas.dataset.bytes), canvas.width);
  if (card.dataset.labels) {
    view.labels = await unpack(card.dataset.labels, wide(card.dataset.bytes), canvas.width);
  }
}

function hex(color) {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const packed = ([r, g, b, a]) => (littleEndian ? (a << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | a) >>> 0;

let lit = { model: null, clusters: new Set() };

// The colour of every cluster of a model, as it is now.
function palette(model) {
  const dark = lit.model === model && lit.clusters.size > 0;
  return Uint32Array.from(model.names, (_, cluster) => {
    const dimmed = dark && !lit.clusters.has(cluster);
    return packed([...hex(colorOf(model, cluster)), dimmed ? DIMMED : 255]);
  });
}

const truthColors = Uint32Array.from(data.classes, ({ color }) => packed([...hex(color), 255]));
const [right, wrong, none] = [RIGHT, WRONG, VOID].map(packed);

function paint(view, colors) {
  const { canvas, clusters, labels, model } = view;
  const layer = document.body.dataset.layer;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    if (layer === "segments") {
      pixels[i] = colors[clusters[i]];
    } else if (labels[i] === data.void) {
      pixels[i] = none;
    } else if (layer === "truth") {
      pixels[i] = truthColors[labels[i]];
    } else {
      pixels[i] = model.classes[clusters[i]] === labels[i] ? right : wrong;
    }
  }
  context.putImageData(image, 0, 0);
  canvas.setAttribute("aria-label", `${LAYERS[layer]} of ${view.card.querySelector("h3").textContent}, ${model.label}`);
  view.fresh = true;
}

const LAYERS = { segments: "Segments", truth: "Ground truth", errors: "Where segments are wrong" };

// Only what can be seen is painted; the rest when it comes near.
async function refresh(view, colors) {
  if (view.clusters === null) {
    view.loading ??= load(view);
    await view.loading;
  }
  if (!view.fresh) {
    paint(view, colors ?? palette(view.model));
  }
}

function repaint() {
  const colors = models.map(palette);
  for (const view of views) {
    view.fresh = false;
    if (view.near) {
      if (view.clusters === null) {
        refresh(view);
      } else {
        refresh(view, colors[view.model.index]);
      }
    }
  }
}

const nearness = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const view = viewOf.get(target);
    view.near = isIntersecting;
    if (isIntersecting && !view.fresh) {
      refresh(view);
    }
  }
}, { rootMargin: "600px" });

function lightUp(model, clusters) {
  const held = model === null && editing !== null ? editing : { model, clusters };
  const same = held.model === lit.model && held.clusters.length === lit.clusters.size && held.clusters.every((cluster) => lit.clusters.has(cluster));
  lit = { model: held.model, clusters: new Set(held.clusters) };
  if (!same && document.body.dataset.layer === "segments") {
    repaint();
  }
}

// One slider for all models of an image: it wipes between the photograph and what lies over it.
const wipes = [...document.querySelectorAll(".wipe")];

function wipe(slider, value) {
  slider.value = value;
  slider.closest(".card").style.setProperty("--wipe", slider.value);
}

for (const slider of wipes) {
  slider.addEventListener("input", () => wipe(slider, slider.value));
}

document.getElementById("wipe-all").addEventListener("input", (event) => {
  for (const slider of wipes) {
    wipe(slider, event.target.value);
  }
});

// A press that moves wipes, one that does not names what is under it.
const MOVED = 4;
const tip = document.getElementById("tip");

function clusterAt(view, event) {
  if (view.clusters === null) {
    return {};
  }
  const box = view.canvas.getBoundingClientRect();
  const { width, height } = view.canvas;
  const x = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
  const y = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
  return { cluster: view.clusters[y * width + x], label: view.labels?.[y * width + x] };
}

function showTip(view, event) {
  const { cluster, label } = clusterAt(view, event);
  if (cluster === undefined || event.pointerType === "touch") {
    return;
  }
  const truth = document.body.dataset.layer !== "segments" && label !== undefined ? ` · truth: ${data.classes[label]?.name ?? "void"}` : "";
  tip.textContent = labelOf(view.model, cluster) + truth;
  tip.hidden = false;
  const width = tip.offsetWidth;
  tip.style.left = `${Math.min(event.clientX + 14, document.documentElement.clientWidth - width - 4)}px`;
  tip.style.top = `${event.clientY + 18}px`;
}

for (const view of views) {
  const { element, card } = view;
  const slider = card.querySelector(".wipe");
  let start = null;
  let moved = false;
  element.addEventListener("pointerdown", (event) => {
    if (event.button === 0) {
      start = event.clientX;
      moved = false;
      slider.focus({ preventScroll: true }); // arrow keys go on where the mouse ended
      event.preventDefault(); // or the press would take the focus away again
      element.setPointerCapture(event.pointerId);
    }
  });
  element.addEventListener("pointermove", (event) => {
    moved ||= start !== null && Math.abs(event.clientX - start) > MOVED;
    if (start !== null && moved) {
      const box = element.getBoundingClientRect();
      wipe(slider, (100 * (event.clientX - box.left)) / box.width);
      tip.hidden = true;
    } else {
      showTip(view, event);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    element.addEventListener(end, () => {
      start = null;
    });
  }
  element.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  element.addEventListener("click", (event) => {
    event.stopPropagation();
    const { cluster } = clusterAt(view, event);
    if (!moved && cluster !== undefined) {
      tip.hidden = true;
      edit(view.model, [cluster], DOMRect.fromRect({ x: event.clientX, y: event.clientY }), slider);
    }
  });
}

document.getElementById("opacity").addEventListener("input", (event) => {
  document.body.style.setProperty("--opacity", event.target.value / 100);
});

for (const choice of document.querySelectorAll("input[name=layer]")) {
  choice.addEventListener("change", () => {
    document.body.dataset.layer = choice.value;
    repaint();
  });
}

// Sorting. Images without a score come last, whatever the direction.
document.getElementById("sort").addEventListener("change", (event) => {
  const [key, direction] = event.target.value.split(":");
  const sign = direction === "down" ? -1 : 1;
  const cards = document.getElementById("cards");
  const value = (card) => (card.dataset[key] === undefined || card.dataset[key] === "" ? Infinity : sign * Number(card.dataset[key]));
  const order = (card) => Number(card.dataset.order);
  const compare = (a, b) => (value(a) === value(b) ? order(a) - order(b) : value(a) - value(b));
  cards.append(...[...cards.children].sort(compare));
  const chosen = event.target.selectedOptions[0];
  const group = chosen.closest("optgroup")?.label;
  document.getElementById("sorted").textContent = `Sorted by ${chosen.textContent}${group ? `, ${group}` : ""}`;
});

// Forms send nothing: Enter in one would load the page anew.
document.querySelector("form.tools").addEventListener("submit", (event) => event.preventDefault());

show();
for (const view of views) {
  nearness.observe(view.element);
}
addEventListener("beforeprint", () => views.forEach((view) => refresh(view)));
