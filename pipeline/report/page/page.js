// Draws the charts when they come into view, sorts tables, finds columns, moves the threshold.
const told = JSON.parse(document.getElementById("charts").textContent);
const views = [];

const listed = ({ fields, rows }) =>
  rows.map((row) => Object.fromEntries(fields.map((field, at) => [field, row[at]])));

const valuesOf = (chart) => listed(typeof chart.values === "string" ? told.charts[chart.values].values : chart.values);

async function draw(element) {
  if (element.dataset.drawn) return;
  element.dataset.drawn = "begun";
  const chart = told.charts[element.dataset.chart];
  const shared = typeof chart.spec === "string" ? told.templates[chart.spec] : chart.spec;
  const spec = {
    ...structuredClone(shared),
    height: chart.height ?? shared.height,
    data: { values: valuesOf(chart) },
    description: chart.title,
    config: told.config,
  };
  const place = element.querySelector(".drawing");
  try {
    // ast: expressions are walked, not compiled, as the page's policy allows no eval.
    const { view } = await window.vegaEmbed(place, spec, {
      mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false,
    });
    views.push(view);
    element.dataset.drawn = "whole";
    chosen(view);
  } catch (error) {
    element.dataset.drawn = "failed";
    place.className = "failed-drawing";
    place.textContent = "This chart could not be drawn.";
    console.error(error);
  }
}

const charts = [...document.querySelectorAll("[data-chart]")];
const isShown = (element) => element.getClientRects().length > 0;
const drawAll = () => Promise.all(charts.filter(isShown).map(draw));
const watcher = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "300px" },
);
charts.forEach((chart) => watcher.observe(chart));
addEventListener("beforeprint", drawAll);

// Tables: the first click on a column of numbers puts the largest on top.
const valueOf = (part, at) => {
  const cell = (part.rows ? part.rows[0] : part).cells[at];
  return cell.dataset.value ?? cell.textContent.trim();
};

function sort(table, header) {
  const head = [...header.parentNode.cells];
  const at = head.indexOf(header);
  const groups = table.querySelectorAll(":scope > tbody.group");
  const parts = groups.length ? [...groups] : [...table.tBodies[0].rows];
  const home = groups.length ? table : table.tBodies[0];
  const before = header.getAttribute("aria-sort");
  const first = header.classList.contains("number") ? "descending" : "ascending";
  const order = before === "none" ? first : before === "ascending" ? "descending" : "ascending";
  const sign = order === "ascending" ? 1 : -1;
  const compared = (one, other) => {
    const [a, b] = [valueOf(one, at), valueOf(other, at)];
    const unknown = (text) => text === "" || text === "–";
    if (unknown(a) || unknown(b)) return unknown(a) - unknown(b);
    const [x, y] = [Number(a), Number(b)];
    return sign * (Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y);
  };
  parts.sort(compared).forEach((part) => home.append(part));
  head.forEach((cell) => cell.hasAttribute("aria-sort") && cell.setAttribute("aria-sort", cell === header ? order : "none"));
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const header of [...table.tHead.rows].at(-1).cells) {
    header.querySelector("button")?.addEventListener("click", () => sort(table, header));
  }
}

// Columns: what is more of each is shown on demand.
for (const button of document.querySelectorAll("button.more")) {
  const detail = document.getElementById(button.getAttribute("aria-controls"));
  const show = (is) => {
    button.setAttribute("aria-expanded", String(is));
    detail.hidden = !is;
  };
  show(false);
  button.addEventListener("click", () => show(detail.hidden));
}
for (const input of document.querySelectorAll("[data-filter]")) {
  const groups = document.getElementById(input.dataset.filter).querySelectorAll("tbody.group");
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-value]").dataset.value.toLowerCase().includes(wanted);
    }
  });
}

// A link to a node opens what is told of it.
const open = (fragment) => {
  const target = document.getElementById(decodeURIComponent(fragment.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  return target;
};
addEventListener("hashchange", () => open(location.hash));
open(location.hash);
// Within a frame's srcdoc, as in a notebook, links are relative to the document around it.
if (location.protocol === "about:") {
  addEventListener("click", (event) => {
    const fragment = event.target.closest("a")?.getAttribute("href");
    if (!fragment?.startsWith("#")) return;
    event.preventDefault();
    open(fragment)?.scrollIntoView();
  });
}

// The threshold: its rates in the tiles, and a mark in every chart that knows of it.
const slider = document.getElementById("threshold");
const levels = slider ? valuesOf(told.charts["by-threshold"]) : [];

function chosen(view) {
  if (!slider || !("threshold" in view.getState().signals)) return;
  view.signal("threshold", levels[slider.value].threshold).runAsync();
}

function choose() {
  const level = levels[slider.value];
  document.getElementById("chosen").textContent = level.threshold.toFixed(2);
  slider.setAttribute("aria-valuetext", level.threshold.toFixed(2));
  for (const cell of document.querySelectorAll("[data-rate]")) {
    const share = level[cell.dataset.rate];
    cell.textContent = share === null ? "–" : `${(100 * share).toFixed(1)} %`;
  }
  views.forEach(chosen);
}
if (slider) {
  slider.addEventListener("input", choose);
  choose();
}
