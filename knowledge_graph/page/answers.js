// What the explorer asks of a graph, answered from the page itself, or by the page around it.
"use strict";

const RELATED = "related_to";
const LISTED = 200;
const SUGGESTED = 8;

/** Answers from a graph that the page holds, its nodes and edges the most telling first. */
function held(graph) {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const edgesOf = new Map(graph.nodes.map((node) => [node.id, []]));
  for (const edge of graph.edges) for (const id of new Set([edge.from, edge.to])) edgesOf.get(id).push(edge);
  const other = (edge, id) => (edge.from === id ? edge.to : edge.from);
  const part = (ids, drawn = []) => {
    const all = new Set([...ids, ...drawn]);
    const around = new Set(ids.flatMap((id) => edgesOf.get(id)));
    const edges = [...around].filter((edge) => all.has(edge.from) && all.has(edge.to));
    return { nodes: ids.map((id) => nodes.get(id)), edges };
  };
  const resolve = (name) => {
    const wanted = name.trim().toLowerCase();
    const found = nodes.get(name) ?? graph.nodes.find((node) => node.id.toLowerCase() === wanted);
    if (!found) throw new Error(`This page holds no entity named ${name}.`);
    return found.id;
  };
  return {
    search(text) {
      const wanted = text.trim().toLowerCase();
      const found = graph.nodes.filter((node) => node.kind !== "value" && node.id.toLowerCase().includes(wanted));
      const exact = (node) => Number(node.id.toLowerCase() === wanted);
      return found.sort((a, b) => exact(b) - exact(a)).slice(0, SUGGESTED).map((node) => node.id);
    },
    around(name, drawn, count) {
      const centre = resolve(name);
      const shown = new Set([...drawn, centre]);
      const facts = edgesOf.get(centre);
      const waiting = [...new Set(facts.map((edge) => other(edge, centre)))].filter((id) => !shown.has(id));
      const found = part([centre, ...waiting.slice(0, count)], drawn);
      return { ...found, centre, more: Math.max(0, waiting.length - count), facts: facts.slice(0, LISTED) };
    },
    path(from, to) {
      const [start, end] = [resolve(from), resolve(to)];
      const length = new Map([[start, 0]]);
      const by = new Map();
      const waiting = [[start]]; // by length, which is small and whole: a step costs 1 or 3
      for (let far = 0; far < waiting.length; far++) {
        for (const id of waiting[far] ?? []) {
          if (length.get(id) !== far) continue;
          for (const edge of edgesOf.get(id)) {
            const next = other(edge, id);
            const then = far + (edge.relation === RELATED ? 3 : 1);
            if (length.get(next) <= then || (nodes.get(next).kind === "value" && next !== end)) continue;
            length.set(next, then);
            by.set(next, edge);
            (waiting[then] ??= []).push(next);
          }
        }
      }
      const chain = [];
      for (let id = end; by.has(id) && id !== start; id = other(by.get(id), id)) chain.unshift(by.get(id));
      const stations = [...new Set([start, ...chain.flatMap((edge) => [edge.from, edge.to]), end])];
      return { nodes: stations.map((id) => nodes.get(id)), edges: chain, chain };
    },
    areas: () => graph.areas.map((area) => ({ name: area.name, size: area.members.length })),
    area: (number) => part(graph.areas[number].members.slice(0, graph.core)),
    edge: (id) => ({ statements: graph.edges.find((edge) => edge.id === id).statements }),
  };
}

/** Answers of the page around this one: it is sent `{id, what, given}` and sends `{id, answer}` or `{id, error}`. */
function asked() {
  const waiting = new Map();
  let last = 0;
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || !waiting.has(data?.id)) return;
    const [resolve, reject] = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) reject(new Error(data.error));
    else resolve(data.answer);
  });
  const ask = (what, ...given) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, [resolve, reject]);
      parent.postMessage({ id: last, what, given }, "*");
    });
  return new Proxy({}, { get: (_, what) => (...given) => ask(what, ...given) });
}
