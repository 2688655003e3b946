/* What operators' pages do beside htmx: look again by themselves, hold still, count what is chosen. */
"use strict";
(() => {
  const said = document.getElementById("said");

  // --- looking again -------------------------------------------------------------------------
  const looking = document.querySelector("[data-look]");
  const hold = document.getElementById("hold");
  const note = document.getElementById("looks-said");
  let held = false;
  let failed = false;
  const busy = () => looking.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  const look = () => { if (!held && !document.hidden && !busy()) looking.dispatchEvent(new Event("look")); };
  const words = () => looking && [...looking.querySelectorAll("[data-say-when-changed]")].map((one) => one.dataset.sayWhenChanged).join(". ");
  // What cannot be looked at again is old, and must not pass for how things are.
  const tell = () => {
    looking.classList.toggle("old", failed);
    if (!note) return;
    if (failed) note.textContent = "This is old: it cannot be looked at again now.";
    else note.textContent = held ? "Holding still." : "Looks again every 5 seconds.";
  };
  if (looking) {
    const every = Number(looking.dataset.look);
    let before = words();
    let openOnes = [];
    setInterval(look, every);
    document.addEventListener("visibilitychange", look);
    looking.addEventListener("htmx:beforeSwap", () => {
      openOnes = [...looking.querySelectorAll("details[open][id]")].map((one) => one.id);
    });
    document.body.addEventListener("htmx:afterSettle", (event) => {
      if (event.detail.target !== looking) return;
      for (const id of openOnes) { const one = document.getElementById(id); if (one) one.open = true; }
      if (failed) { failed = false; document.getElementById("notices").replaceChildren(); tell(); }
      if (words() !== before) { before = words(); said.textContent = before; if ("verdict" in looking.dataset) document.title = `${before} · Actionfleet`; }
    });
    for (const kind of ["htmx:sendError", "htmx:responseError"]) looking.addEventListener(kind, () => { failed = true; tell(); });
  }
  if (hold) hold.addEventListener("click", () => {
    held = !held;
    hold.setAttribute("aria-pressed", String(held));
    tell();
    if (!held) look();
  });

  // --- a search ------------------------------------------------------------------------------
  const found = document.getElementById("found");
  if (found) {
    document.body.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.target === found) found.setAttribute("aria-busy", "true"); });
    document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.target === found) found.setAttribute("aria-busy", "false"); });
  }

  // --- choosing among many -------------------------------------------------------------------
  const many = document.querySelector("form[data-bulk]");
  if (many) {
    const boxes = [...many.querySelectorAll("input[name=action]:not(:disabled)")];
    const button = many.querySelector("button:not([type=button])");
    const all = many.querySelector("[data-all]");
    const count = () => {
      const chosen = boxes.filter((one) => one.checked).length;
      for (const one of many.querySelectorAll("[data-count]")) one.textContent = String(chosen);
      button.disabled = chosen === 0;
    };
    all.hidden = false;
    all.addEventListener("click", () => {
      const to = !boxes.every((one) => one.checked);
      for (const one of boxes) one.checked = to;
      count();
    });
    many.addEventListener("change", count);
    many.addEventListener("submit", () => { setTimeout(() => { button.disabled = true; }); });
  }
})();
