// A text field with suggestions, by mouse and by keyboard
let fields = 0;
function suggesting(input, choose) {
  const list = make("ul", { id: `suggestions-${++fields}`, hidden: true, role: "listbox" });
  input.after(list);
  input.autocomplete = "off";
  const told = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
  for (const [name, value] of Object.entries(told)) input.setAttribute(name, value);
  let asking = 0;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const at = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const point = (to) => {
    options().forEach((option, number) => option.setAttribute("aria-selected", String(number === to)));
    input.setAttribute("aria-activedescendant", options()[to]?.id ?? "");
  };
  const open = (shown) => { list.hidden = !shown; input.setAttribute("aria-expanded", String(shown)); };
  const take = (name) => { asking++; input.value = name; open(false); choose(name); };
  const suggest = async () => {
    const turn = ++asking;
    const found = await source.search(input.value);
    if (turn !== asking) return; // something was typed or taken since
    const option = (name, number) => make("li", { role: "option", id: `${list.id}-${number}`, onmousedown: (event) => {
      event.preventDefault(); // keeps the field in focus
      take(name);
    } }, name);
    list.replaceChildren(...found.map(option));
    if (!found.length) list.append(make("li", { className: "none" }, "No entity of this name"));
    point(-1);
    open(true);
  };
  input.addEventListener("input", () => tried(suggest));
  input.addEventListener("focus", () => { input.select(); tried(suggest); });
  input.addEventListener("blur", () => { asking++; open(false); });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    const name = options()[at()]?.textContent ?? input.value.trim();
    if (event.isComposing) return; // Enter chooses the characters of a word
    if (event.key === "ArrowDown" && count) point((at() + 1) % count);
    else if (event.key === "ArrowUp" && count) point((at() - 1 + count) % count);
    else if (event.key === "Escape") open(false);
    else if (event.key === "Enter" && name) take(name);
    else return;
    event.preventDefault();
  });
}
