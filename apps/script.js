// A click on a citation number shows its source, in the panel of the turn that it belongs to.
(() => {
  const flash = (id) => {
    const card = document.getElementById(id);
    if (!card) return false;
    card.scrollIntoView({ behavior: "smooth", block: "nearest" });
    card.classList.remove("flash");
    requestAnimationFrame(() => card.classList.add("flash"));
    return true;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href*="#source-"]');
    if (!link) return;
    event.preventDefault();
    const id = link.getAttribute("href").split("#")[1];
    if (flash(id)) return;
    let tries = 40;
    const wait = setInterval(() => { if (flash(id) || --tries === 0) clearInterval(wait); }, 50);
  }, true);
  document.addEventListener("mouseover", (event) => {
    const link = event.target.closest && event.target.closest('a[href*="#source-"]');
    const card = link && document.getElementById(link.getAttribute("href").split("#")[1]);
    if (!card) return;
    card.classList.add("pointed");
    link.addEventListener("mouseout", () => card.classList.remove("pointed"), { once: true });
  });
})();
