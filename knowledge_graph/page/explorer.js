// The explorer: draws a neighbourhood, and adds to it what is clicked. All text goes in as text, never as HTML.
const KINDS = ["topic", "name", "term", "value"];
const narrow = innerWidth <= 720;
const STEP = narrow ? 14 : 24; // neighbours that one click adds
const MOST = 400; // entities drawn at once
const LABELLED = 40; // of more edges only those of the chosen entity are labelled, unless these are more too
const TWICE = 250; // milliseconds between the clicks of a double click
const SHORT = narrow ? 20 : 30; // characters of a label

document.documentElement.dataset.theme ??= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
const graph = JSON.parse(document.getElementById("graph").textContent);
const source = graph.nodes ? held(graph) : asked();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const words = (relation) => relation.replaceAll("_", " ");
const shortened = (text) => (text.length > SHORT ? `${text.slice(0, SHORT - 1)}…` : text);
const byId = (id) => document.getElementById(id);
const panel = byId("panel");

/** A DOM element; texts among the children become text. */
function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// What is drawn, and what of it is shown
const nodes = new vis.DataSet();
const edges = new vis.DataSet();
const hidden = new Set(); // kinds
let wanted = ""; // "" every relation, "*" those stated, or one relation
let linked = new Set(); // entities that a shown edge touches
let chosen = null; // the entity in the panel
let listed = () => {}; // shows in the panel what is drawn, where an edge was opened from
const expanded = new Set();
const past = [];
const isShown = (edge) => !wanted || (wanted === "*" ? edge.relation !== RELATED : edge.relation === wanted);
const shownNodes = new vis.DataView(nodes, {
  filter: (node) => node.id === chosen || (!hidden.has(node.group) && (!wanted || linked.has(node.id))),
});
const shownEdges = new vis.DataView(edges, { filter: isShown });
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

const size = narrow ? 18 : 15; // of names; a narrow drawing is made small
const font = { face: "system-ui, sans-serif", color: colour("ink"), strokeWidth: 3, strokeColor: colour("paper") };
const coloured = (name) => {
  const outlined = { background: colour(name), border: colour("ink") };
  return { background: colour(name), border: colour(name), highlight: outlined, hover: outlined };
};
const network = new vis.Network(byId("canvas"), { nodes: shownNodes, edges: shownEdges }, {
  layout: { randomSeed: 7, improvedLayout: false },
  groups: Object.fromEntries(KINDS.map((kind) => [kind, { color: coloured(kind) }])),
  nodes: { shape: "dot", font: { ...font, size }, borderWidth: 1, borderWidthSelected: 3 },
  edges: {
    arrows: { to: { scaleFactor: 0.5 } }, width: 1.2, selectionWidth: 2, hoverWidth: 0.5,
    color: { color: colour("edge"), highlight: colour("strong"), hover: colour("strong"), opacity: 0.8 },
    smooth: { type: "continuous" }, font: { ...font, size: size - 3, align: "middle" },
  },
  physics: { solver: "forceAtlas2Based", stabilization: { iterations: 200 },
    forceAtlas2Based: { springLength: narrow ? 110 : 150, gravitationalConstant: -60, avoidOverlap: 0.5 } },
  interaction: { hover: true, hoverConnectedEdges: false, selectConnectedEdges: false, tooltipDelay: 200 },
});

function add(part, near) {
  const fresh = part.nodes.filter((node) => !nodes.get(node.id));
  const places = near && nodes.get(near) ? beside(network.getPosition(near), fresh.length) : [];
  nodes.add(fresh.map((node, at) => ({
    ...places[at], ...node, group: node.kind, label: shortened(node.id),
    title: `${node.id}\n${node.kind}, ${counted(node.degree, "neighbour")}`,
    size: 8 + 2 * Math.log2(1 + node.degree),
  })));
  edges.add(part.edges.filter((edge) => !edges.get(edge.id)).map((edge) => ({
    ...edge, dashes: edge.relation === RELATED, arrows: { to: { enabled: edge.relation !== RELATED } },
    title: `${edge.from} — ${words(edge.relation)} — ${edge.to}\nClick to read where`,
  })));
}

/** Places for what is added to an entity: on the side of it that is away from the rest. */
function beside({ x, y }, count) {
  const middle = network.getViewPosition();
  const outside = Math.hypot(x - middle.x, y - middle.y) > 60;
  const away = Math.atan2(y - middle.y, x - middle.x);
  const spread = outside ? Math.PI : 2 * Math.PI;
  const angles = Array.from({ length: count }, (_, at) => away + spread * ((at + 0.5) / count - 0.5));
  return angles.map((angle) => ({ x: x + 160 * Math.cos(angle), y: y + 160 * Math.sin(angle) }));
}

/** The same with its entities placed one after the other, across or, where it is narrow, down. */
function inLine(part) {
  const place = (at) => (narrow ? { x: 150 * (at % 2), y: 90 * at } : { x: 130 * at, y: 120 * (at % 2) });
  return { ...part, nodes: part.nodes.map((node, at) => ({ ...node, ...place(at), physics: false })) };
}

/** Draw what the filters leave, label the edges there is room for, and say in the legend what is drawn. */
function refresh() {
  const visible = edges.get({ filter: isShown });
  linked = new Set(visible.flatMap((edge) => [edge.from, edge.to]));
  shownNodes.refresh();
  shownEdges.refresh();
  const stated = visible.filter((edge) => edge.relation !== RELATED);
  const near = stated.filter((edge) => edge.from === chosen || edge.to === chosen);
  const told = new Set(stated.length <= LABELLED ? stated : near.length <= LABELLED ? near : []);
  edges.update(stated.map((edge) => ({ id: edge.id, label: told.has(edge) ? shortened(words(edge.relation)) : " " })));
  byId("legend").replaceChildren(...KINDS.map(legendOf), lineOf("stated"), lineOf("named together", "dashed"));
  const names = [...new Set(edges.get().map((edge) => edge.relation))].filter((name) => name !== RELATED).sort();
  if (wanted && wanted !== "*" && !names.includes(wanted)) names.push(wanted);
  const options = [["", "All relations"], ["*", "Stated facts only"], ...names.map((name) => [name, words(name)])];
  const option = ([value, label]) => make("option", { value, selected: value === wanted }, label);
  byId("relations").replaceChildren(...options.map(option));
}

const lineOf = (label, dashed = "") => make("span", { className: "line" }, make("i", { className: dashed }), label);

function legendOf(kind) {
  const dot = make("span", { className: "dot" });
  dot.style.background = `var(--${kind})`;
  const count = nodes.get({ filter: (node) => node.group === kind }).length;
  const button = make("button", { type: "button", title: hidden.has(kind) ? "Show" : "Hide" }, dot, `${kind} ${count}`);
  button.dataset.kind = kind;
  button.setAttribute("aria-pressed", String(!hidden.has(kind)));
  button.addEventListener("click", () => {
    if (!hidden.delete(kind)) hidden.add(kind);
    refresh();
    byId("legend").querySelector(`[data-kind=${kind}]`).focus();
  });
  return button;
}

/** Show all that is drawn, with a margin for labels. */
function fit(animated = true) {
  const look = () => ({ position: network.getViewPosition(), scale: network.getScale() });
  const before = look();
  network.fit({ animation: false, maxZoomLevel: 1.4 });
  const { position, scale } = look();
  network.moveTo({ ...before, animation: false });
  const animation = animated && !still && { duration: 250, easingFunction: "linear" };
  network.moveTo({ position, scale: scale * 0.9, animation });
}

/** Keep all in view while the drawing comes to rest, unless somebody moves it. */
let settling = 0;
function settle() {
  let times = 12;
  clearInterval(settling);
  settling = setInterval(() => { fit(); if (!--times) clearInterval(settling); }, 300);
}

// Views: what is drawn afresh, and can be gone back to
async function view(what, ...given) {
  await tried(async () => {
    const part = await (what === "around" ? source.around(given[0], [], STEP) : source[what](...given));
    past.push([what, given]);
    byId("back").disabled = past.length < 2;
    byId("areas").value = what === "area" ? String(given[0]) : "";
    nodes.clear();
    edges.clear();
    expanded.clear();
    chosen = part.centre ?? null;
    if (what === "path") { wanted = ""; hidden.clear(); } // a chain is shown whole
    add(what === "path" ? inLine(part) : part);
    refresh();
    network.stabilize(400);
    fit(false);
    settle();
    if (what === "path") showPath(part, ...given);
    else if (what === "area") showArea(part, given[0]);
    else {
      expanded.add(part.centre);
      network.selectNodes([part.centre], false);
      showEntity(part);
    }
  });
}

async function expand(name, count) {
  await tried(async () => {
    const room = Math.max(0, Math.min(count, MOST - nodes.length));
    const part = await source.around(name, nodes.getIds(), room);
    expanded.add(part.centre);
    chosen = part.centre;
    const before = nodes.length;
    add(part, part.centre);
    refresh();
    network.selectNodes([part.centre], false);
    if (nodes.length > before) settle();
    showEntity(part, room < count ? `${MOST} entities are drawn; to see more, draw afresh from one of them.` : "");
  });
}

async function openEdge(edge) {
  await tried(async () => {
    const { statements } = await source.edge(edge.id, edge.from, edge.to);
    selectEdges([edge]);
    showEdge(edge, statements);
  });
}

/** Mark those of some edges that are shown. */
const selectEdges = (some) => network.selectEdges(some.map((edge) => edge.id).filter((id) => shownEdges.get(id)));

/** Run something that may fail, and tell why in the panel. */
async function tried(run) {
  try {
    await run();
  } catch (error) {
    panel.replaceChildren(make("p", { className: "error", role: "alert" }, error.message));
  }
}

function openPath(from) {
  byId("path").hidden = false;
  byId("path-open").setAttribute("aria-expanded", "true");
  if (from) byId("from").value = from;
  byId(from ? "to" : "from").focus();
}

function findPath() {
  const [from, to] = [byId("from").value.trim(), byId("to").value.trim()];
  if (from && to) view("path", from, to);
  else byId(from ? "to" : "from").focus();
}

// What the page does with clicks and keys
suggesting(byId("search"), (name) => view("around", name));
suggesting(byId("from"), findPath);
suggesting(byId("to"), findPath);
byId("path").addEventListener("submit", (event) => { event.preventDefault(); findPath(); });
byId("path-open").addEventListener("click", () => {
  if (byId("path").hidden) return openPath();
  byId("path").hidden = true;
  byId("path-open").setAttribute("aria-expanded", "false");
});
byId("back").addEventListener("click", () => {
  past.pop();
  const [what, given] = past.pop();
  view(what, ...given);
});
byId("relations").addEventListener("change", ({ target }) => { wanted = target.value; refresh(); });
byId("areas").addEventListener("change", ({ target }) => { if (target.value) view("area", Number(target.value)); });
byId("fit").addEventListener("click", () => fit());
const zoom = (times) => { clearInterval(settling); network.moveTo({ scale: network.getScale() * times }); };
byId("closer").addEventListener("click", () => zoom(1.3));
byId("farther").addEventListener("click", () => zoom(1 / 1.3));
let clicked = 0; // waits for a second click, as what is under the pointer moves after the first
network.on("click", (event) => {
  clearTimeout(clicked);
  const [node, edge] = [event.nodes[0], event.edges[0]];
  if (node !== undefined) clicked = setTimeout(() => expand(node, expanded.has(node) ? 0 : STEP), TWICE);
  else if (edge !== undefined) openEdge(edges.get(edge));
});
for (const moved of ["dragStart", "zoom"]) network.on(moved, () => clearInterval(settling));
network.on("doubleClick", (event) => {
  clearTimeout(clicked);
  if (event.nodes.length) view("around", event.nodes[0]);
});
addEventListener("resize", () => fit(false));

let areas = [];
(async () => {
  refresh();
  if (!graph.start) { panel.replaceChildren(make("p", {}, "This graph is empty.")); return; }
  await view("around", graph.start);
  await tried(async () => {
    areas = await source.areas();
    const option = (area, number) => make("option", { value: String(number) }, `${area.name} (${area.size})`);
    byId("areas").append(...areas.map(option));
  });
})();
