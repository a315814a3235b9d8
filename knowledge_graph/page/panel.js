// The panel: tells in words of an entity, an edge, a path or an area.
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const action = (label, act) => make("button", { type: "button", onclick: act }, label);
const entity = (id) => make("button", { type: "button", className: "link", onclick: () => view("around", id) }, id);

function rows(list, told, act) {
  const row = (item) => make("button", { type: "button", className: "row", onclick: () => act(item) }, ...told(item));
  return make("ul", {}, ...list.map((item) => make("li", {}, row(item))));
}

function facts(list) {
  const told = (edge) => [make("b", {}, edge.from), " ", make("i", {}, words(edge.relation)), " ", edge.to];
  return rows(list, told, openEdge);
}

function showEntity(part, note = "") {
  listed = () => showEntity(part);
  const id = part.centre;
  const { group, degree } = nodes.get(id);
  const dot = make("span", { className: "dot" });
  dot.style.background = `var(--${group})`;
  const actions = make("div", { className: "actions" });
  const more = part.more > STEP ? `${STEP} more of ${part.more}` : `${part.more} more`;
  if (part.more) actions.append(action(`Show ${more}`, () => expand(id, STEP)));
  const afresh = nodes.length > 1 + degree || past.at(-1)[1][0] !== id;
  if (afresh) actions.append(action("Draw from here", () => view("around", id)));
  actions.append(action("Path from here", () => openPath(id)));
  panel.replaceChildren(
    make("h2", {}, id), make("p", { className: "kind" }, dot, `${group}, ${counted(degree, "neighbour")}`), actions,
    ...(note ? [make("p", {}, note)] : []),
    ...(part.facts.length ? [make("h3", {}, "Facts"), facts(part.facts)] : [make("p", {}, "Nothing is stated of it.")]),
  );
  panel.scrollTop = 0;
}

function showEdge(edge, statements) {
  const note = !statements.length ? "Given as a fact of its own; no sentence of the documents states it."
    : statements[0].whole ? "" : "No one sentence names both; these name one each.";
  panel.replaceChildren(
    make("h2", {}, entity(edge.from), " ", make("i", {}, words(edge.relation)), " ", entity(edge.to)),
    ...(note ? [make("p", {}, note)] : []), ...statements.map(quote),
    make("div", { className: "actions" }, action("Close", () => { network.unselectAll(); listed(); })),
  );
  panel.scrollTop = 0;
}

/** A sentence with the names in it marked, without the signs of tables and emphasis. */
function quote(statement) {
  const plain = (text) => text.replaceAll("**", "").replace(/\s*\|\s*/g, " · ");
  const pieces = [];
  let at = 0;
  for (const [start, end] of statement.marks) {
    pieces.push(plain(statement.text.slice(at, start)), make("mark", {}, statement.text.slice(start, end)));
    at = end;
  }
  pieces.push(plain(statement.text.slice(at)));
  return make("blockquote", {}, ...trimmed(pieces), make("footer", {}, statement.document));
}

function trimmed(pieces) {
  pieces[0] = pieces[0].replace(/^ · /, "");
  pieces.push(pieces.pop().replace(/ · $/, ""));
  return pieces;
}

function showPath({ chain }, from, to) {
  listed = () => showPath({ chain }, from, to);
  const told = chain.length ? counted(chain.length, "step") : "Nothing in the graph connects them.";
  panel.replaceChildren(make("h2", {}, `${from} → ${to}`), make("p", {}, told), facts(chain));
  selectEdges(chain);
}

function showArea(part, number) {
  listed = () => showArea(part, number);
  const { name, size: whole } = areas[number];
  const drawn = part.nodes.length;
  const core = whole > drawn ? `; its ${drawn} best connected are drawn` : "";
  panel.replaceChildren(
    make("h2", {}, name), make("p", {}, `Area of ${whole} entities${core}.`),
    make("h3", {}, "Entities"), rows(part.nodes, (node) => [node.id], (node) => view("around", node.id)),
  );
}
