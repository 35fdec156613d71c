"use strict";

// What clusters are called: the names that the report came with, changed by what is typed here.
const data = JSON.parse(document.getElementById("data").textContent);

const models = data.models.map((known, index) => ({ ...known, index, typed: remembered(known) }));
const past = [snapshot()];
let now = 0;
let forgetful = false;

// Without those that the model has come to hold meanwhile.
function remembered({ key, names }) {
  try {
    const stored = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Map(stored.filter(([cluster, name]) => name !== (names[cluster] ?? "")));
  } catch {
    return new Map(); // storage that is blocked, or holds something else
  }
}

function remember() {
  try {
    for (const { key, typed } of models) {
      if (typed.size > 0) {
        localStorage.setItem(key, JSON.stringify([...typed]));
      } else {
        localStorage.removeItem(key);
      }
    }
  } catch {
    forgetful = true;
  }
}

function snapshot() {
  return models.map(({ typed }) => [...typed]);
}

function nameOf(model, cluster) {
  return model.typed.get(cluster) ?? model.names[cluster] ?? "";
}

function labelOf(model, cluster) {
  return nameOf(model, cluster) || `${model.unit} ${cluster}`;
}

// A name has one colour in all models: that of its class, or else of the largest cluster that has it.
let colorOfName = new Map();

function findColors() {
  colorOfName = new Map(Object.entries(data.palette));
  for (const model of models) {
    for (const cluster of bySize(model)) {
      const name = nameOf(model, cluster);
      if (name !== "" && !colorOfName.has(name)) {
        colorOfName.set(name, model.colors[cluster]);
      }
    }
  }
}

function bySize(model) {
  return model.pixels.map((_, cluster) => cluster).sort((a, b) => model.pixels[b] - model.pixels[a] || a - b);
}

function colorOf(model, cluster) {
  const name = nameOf(model, cluster);
  return name === "" ? model.colors[cluster] : colorOfName.get(name);
}

// Clusters of one name as one group; each cluster without a name is a group of its own.
function groups(model, counts) {
  const found = new Map();
  let total = 0;
  for (const [cluster, pixels] of counts) {
    const name = nameOf(model, cluster);
    const key = name === "" ? cluster : name;
    const group = found.get(key) ?? { label: labelOf(model, cluster), color: colorOf(model, cluster), named: name !== "", clusters: [], pixels: 0 };
    group.clusters.push(cluster);
    group.pixels += pixels;
    total += pixels;
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => b.pixels - a.pixels).map((group) => ({ ...group, share: group.pixels / total }));
}

function groupsOf(model) {
  return groups(model, bySize(model).filter((cluster) => model.pixels[cluster] > 0).map((cluster) => [cluster, model.pixels[cluster]]));
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function rename(model, clusters, name) {
  if (clusters.every((cluster) => nameOf(model, cluster) === name)) {
    return;
  }
  for (const cluster of clusters) {
    if (name === (model.names[cluster] ?? "")) {
      model.typed.delete(cluster);
    } else {
      model.typed.set(cluster, name);
    }
  }
  past.splice(++now, past.length, snapshot());
  const what = clusters.length === 1 ? `${model.unit} ${clusters[0]}` : `${clusters.length} ${model.unit}s`;
  changed(name === "" ? `No name for ${what}` : `${what}: ${name}`);
}

function stepTo(step, said) {
  if (step >= 0 && step < past.length) {
    now = step;
    models.forEach((model, index) => {
      model.typed = new Map(past[now][index]);
    });
    changed(said);
  }
}

const undo = () => stepTo(now - 1, "Undone");
const redo = () => stepTo(now + 1, "Done again");

// Where and how names are shown.
function tag(group, open) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = group.named ? "tag named" : "tag";
  const spot = document.createElement("i");
  spot.style.background = group.color;
  const share = document.createElement("small");
  share.textContent = percent(group.share);
  button.append(spot, group.label, " ");
  if (group.clusters.length > 1) {
    const count = document.createElement("b");
    count.textContent = `×${group.clusters.length}`;
    count.title = `clusters ${group.clusters.join(", ")}`;
    button.append(count, " ");
  }
  button.append(share);
  button.setAttribute("aria-haspopup", "dialog");
  button.dataset.clusters = group.clusters;
  open(button, group.clusters);
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function opens(model) {
  return (button, clusters) => {
    button.addEventListener("click", (event) => {
      event.stopPropagation(); // what ends an editing
      edit(model, clusters, button.getBoundingClientRect(), button);
    });
    for (const [on, off] of [["pointerenter", "pointerleave"], ["focus", "blur"]]) {
      button.addEventListener(on, () => lightUp(model, clusters));
      button.addEventListener(off, () => lightUp(null, []));
    }
  };
}

const LEGEND = 40;
const LARGEST_PARTS = 5;

function showLegend(model) {
  const list = document.querySelector(`.legend[data-model="${model.index}"]`);
  const all = groupsOf(model);
  const shown = list.dataset.all ? all : all.slice(0, LEGEND);
  list.replaceChildren(...shown.map((group) => tag(group, opens(model))));
  if (shown.length < all.length) {
    const more = document.createElement("button");
    more.type = "button";
    more.className = "tag more";
    more.textContent = `and ${all.length - shown.length} more`;
    more.addEventListener("click", () => {
      list.dataset.all = "yes";
      showLegend(model);
      list.querySelectorAll("button")[LEGEND].focus();
    });
    const item = document.createElement("li");
    item.append(more);
    list.append(item);
  }
}

function showNames() {
  for (const list of document.querySelectorAll(".parts")) {
    const model = models[list.dataset.model];
    list.replaceChildren(...groups(model, JSON.parse(list.dataset.counts)).slice(0, LARGEST_PARTS).map((group) => tag(group, opens(model))));
  }
  for (const element of document.querySelectorAll("[data-cluster]")) {
    const model = models[element.dataset.model];
    const cluster = Number(element.dataset.cluster);
    element.querySelector("i").style.background = colorOf(model, cluster);
    element.querySelector(".label").textContent = nameOf(model, cluster);
    element.classList.toggle("unnamed", nameOf(model, cluster) === "");
  }
}

function showDock() {
  for (const model of models) {
    const used = bySize(model).filter((cluster) => model.pixels[cluster] > 0);
    const named = used.filter((cluster) => nameOf(model, cluster) !== "");
    const sum = (clusters) => clusters.reduce((total, cluster) => total + model.pixels[cluster], 0);
    const share = sum(used) > 0 ? sum(named) / sum(used) : 0;
    const box = document.querySelector(`.naming[data-model="${model.index}"]`);
    box.querySelector(".progress").textContent = models.length > 1 ? `${named.length}/${used.length}` : `${named.length} of ${used.length} ${model.unit}s named`;
    box.querySelector(".progress").title = `${named.length} of ${used.length} ${model.unit}s named, ${percent(share)} of the pixels`;
    box.querySelector(".meter").style.setProperty("--value", share);
    const none = model.names.every((_, cluster) => nameOf(model, cluster) === "");
    box.querySelectorAll("button").forEach((button) => {
      button.disabled = none;
    });
  }
  document.getElementById("undo").disabled = now === 0;
  document.getElementById("redo").disabled = now === past.length - 1;
  document.getElementById("reset").disabled = models.every(({ typed }) => typed.size === 0);
  document.body.classList.toggle("renamed", models.some(({ typed }) => typed.size > 0));
}

function say(text) {
  document.getElementById("said").textContent = text;
}

function changed(said) {
  remember();
  show();
  say(forgetful ? `${said}. This browser does not keep names when the page is closed: download them` : said);
}

function show() {
  const focused = whereIsFocus();
  findColors();
  models.forEach(showLegend);
  showNames();
  showDock();
  lightUp(null, []);
  repaint();
  focused();
}

// Lists are made anew: whoever had the focus in one of them gets it back.
function whereIsFocus() {
  const button = document.activeElement?.closest(".tag");
  const list = button?.closest("ul");
  const clusters = button?.dataset.clusters?.split(",") ?? [];
  return () => {
    if (list) {
      focusTag(list, clusters);
    }
  };
}

function focusTag(list, clusters) {
  const same = (button) => button.dataset.clusters?.split(",").some((cluster) => clusters.includes(cluster));
  ([...list.querySelectorAll("button")].find(same) ?? list.querySelector("button"))?.focus();
}

// The names as a file that 'eigenseg match --names' reads.
function file(model) {
  const names = {};
  model.names.forEach((_, cluster) => {
    const name = nameOf(model, cluster);
    if (name !== "") {
      for (const member of model.members?.[cluster] ?? [cluster]) {
        names[member] = name;
      }
    }
  });
  return `${JSON.stringify(names, null, 2)}\n`;
}

const next = (model) => `eigenseg match ${model.label} --names ${model.file}`;

function download(model) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file(model)], { type: "application/json" }));
  link.download = model.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(`Saved as ${model.file}. Next: ${next(model)}`);
}

async function copy(model) {
  const text = file(model);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages of other computers without https may not: the old way, through a selection.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`Copied. Paste it into a file ${model.file}; next: ${next(model)}`);
}

for (const box of document.querySelectorAll(".naming")) {
  const model = models[box.dataset.model];
  box.querySelector(".download").addEventListener("click", () => download(model));
  box.querySelector(".copy").addEventListener("click", () => copy(model));
}

document.getElementById("undo").addEventListener("click", undo);
document.getElementById("redo").addEventListener("click", redo);
document.getElementById("reset").addEventListener("click", () => {
  for (const model of models) {
    model.typed = new Map();
  }
  past.splice(++now, past.length, snapshot());
  changed("Names as the report came with");
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches("input[type=text]")) {
    return;
  }
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    (key === "y" || event.shiftKey ? redo : undo)();
  }
});

// The field in which a name is typed.
const editor = document.getElementById("editor");
const typed = editor.querySelector("input");
let editing = null;

function edit(model, clusters, place, opener) {
  const list = opener.closest("ul"); // whose buttons may be others after this
  finish(true);
  editing = { model, clusters, list, opener };
  const pixels = clusters.reduce((sum, cluster) => sum + model.pixels[cluster], 0);
  const all = model.pixels.reduce((sum, each) => sum + each, 0);
  const name = nameOf(model, clusters[0]);
  const sharing = name === "" ? [] : model.names.map((_, cluster) => cluster).filter((cluster) => nameOf(model, cluster) === name);
  const numbers = clusters.length > 8 ? `${clusters.length} ${model.unit}s` : `${model.unit}${clusters.length > 1 ? "s" : ""} ${clusters.join(", ")}`;
  editor.querySelector(".what").textContent = numbers;
  editor.querySelector(".share").textContent = all > 0 ? percent(pixels / all) : "";
  editor.querySelector(".of").textContent = models.length > 1 ? model.label : "";
  editor.querySelector(".swatch").style.background = colorOf(model, clusters[0]);
  editor.querySelector(".among").textContent =
    sharing.length > clusters.length ? `One of ${sharing.length} called ${name}. Another name here takes it out.` : "";
  editor.querySelector(".samples").replaceChildren(...clusters.slice(0, 3).flatMap((cluster) => samplesOf(model, cluster)));
  typed.value = name;
  suggest();
  editor.show();
  beside(place);
  typed.select();
  typed.focus({ preventScroll: true });
  lightUp(model, clusters);
}

function samplesOf(model, cluster) {
  const strip = document.querySelector(`.cluster[data-model="${model.index}"][data-cluster="${cluster}"] .strip`);
  return strip ? [strip.cloneNode(true)] : [];
}

function beside(place) {
  const { width, height } = editor.getBoundingClientRect();
  const gap = 10;
  const dock = document.querySelector(".dock").getBoundingClientRect().top;
  const below = place.bottom + gap + height < dock;
  const top = below ? place.bottom + gap : place.top - gap - height;
  editor.style.left = `${Math.max(gap, Math.min(place.left, document.documentElement.clientWidth - width - gap))}px`;
  editor.style.top = `${Math.max(gap, Math.min(top, dock - height - gap))}px`;
}

function clean(text) {
  return text.normalize("NFC").trim().replace(/\s+/g, " ");
}

function suggest() {
  const { model, clusters } = editing;
  const used = new Map();
  for (const each of [model, ...models]) {
    for (const group of groupsOf(each).filter(({ named }) => named)) {
      used.set(group.label, group.color);
    }
  }
  for (const [name, color] of Object.entries(data.palette)) {
    used.set(name, used.get(name) ?? color);
  }
  const text = clean(typed.value);
  const mine = nameOf(model, clusters[0]);
  const fits = ([name]) => name !== mine && (text === mine || name.toLowerCase().includes(text.toLowerCase()));
  const buttons = [...used].filter(fits).slice(0, 12).map(([name, color]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tag";
    const spot = document.createElement("i");
    spot.style.background = color;
    button.append(spot, name);
    button.addEventListener("click", () => {
      typed.value = name;
      finish(true);
    });
    return button;
  });
  editor.querySelector(".known").replaceChildren(...buttons);
  const others = model.names.map((_, cluster) => cluster).filter((cluster) => text !== "" && nameOf(model, cluster) === text && !clusters.includes(cluster));
  editor.querySelector(".joins").textContent = others.length > 0 && text !== mine ? `Joins ${others.length === 1 ? `${model.unit} ${others[0]}` : `${others.length} ${model.unit}s`}: one name, one colour.` : "";
}

function finish(keep) {
  if (editing === null) {
    return;
  }
  const { model, clusters, list, opener } = editing;
  const inside = editor.contains(document.activeElement);
  editing = null;
  editor.close();
  lightUp(null, []);
  if (keep) {
    rename(model, clusters, clean(typed.value));
  }
  if (inside && list) {
    focusTag(list, clusters.map(String));
  } else if (inside) {
    opener.focus({ preventScroll: true });
  }
}

editor.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  finish(true);
});
editor.querySelector(".none").addEventListener("click", () => {
  typed.value = "";
  finish(true);
});
editor.querySelector(".cancel").addEventListener("click", () => finish(false));
typed.addEventListener("input", suggest);
editor.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.preventDefault();
    finish(false);
  }
});
// A click elsewhere keeps what was typed, as in a table.
document.addEventListener("click", (event) => {
  if (editing !== null && !editor.contains(event.target)) {
    finish(true);
  }
});

for (const button of document.querySelectorAll("button[data-cluster], [data-cluster] button")) {
  const { model, cluster } = button.closest("[data-cluster]").dataset;
  opens(models[model])(button, [Number(cluster)]);
}
