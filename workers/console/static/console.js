/* What a page does by itself beside htmx: dialogs, live changes, saying aloud what moved. */
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const dialog = byId("dialog");
  let openerId = null;
  let asking = null; // what has been clicked to open a dialog, while its answer is awaited

  // --- saying aloud --------------------------------------------------------------------------
  const say = (words) => { byId("said").textContent = words; };

  // --- the dialog ----------------------------------------------------------------------------
  const begin = () => {
    const first = dialog.querySelector("[aria-invalid=true]")
      || dialog.querySelector("[autofocus]") || byId("dialog-title");
    if (first) first.focus();
  };
  const close = () => { if (dialog.open) dialog.close(); };
  const show = () => { if (!dialog.open) dialog.showModal(); begin(); };
  // An answer that takes its time is announced by a dialog that says so.
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target !== dialog || dialog.open) return;
    asking = event.detail.elt;
    setTimeout(() => {
      if (asking !== event.detail.elt || dialog.open) return;
      dialog.append(byId("dialog-loading").content.cloneNode(true));
      show();
    }, 200);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === asking) asking = null;
  });
  dialog.addEventListener("close", () => {
    if (asking) htmx.trigger(asking, "htmx:abort");
    asking = null;
    dialog.replaceChildren();
    const opener = (openerId && byId(openerId)) || byId("main");
    const menu = opener.closest("details");
    (menu ? menu.querySelector("summary") : opener).focus();
    refresh();
  });
  // The letter is a document of its own: the form goes into its frame, as it stands.
  const preview = (button) => {
    const frame = dialog.querySelector("iframe[name=letter]");
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: button.dataset.letter, target: "letter", hidden: true });
    for (const [name, value] of new FormData(button.closest("form"))) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    delete frame.dataset.empty;
    document.body.append(form);
    form.submit();
    form.remove();
    frame.scrollIntoView({ block: "nearest" });
  };
  document.body.addEventListener("closeDialog", close);
  document.addEventListener("click", (event) => {
    const at = event.target;
    if (at.closest("[data-close]")) close();
    if (at === dialog && !dialog.querySelector("form")) close();
    if (at.closest("[data-dismiss]")) at.closest(".notice").remove();
    const letter = at.closest("[data-letter]");
    if (letter) preview(letter);
    const opener = at.closest("[hx-target='#dialog']");
    if (opener && !dialog.contains(opener)) openerId = opener.id;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(at) || at.closest(".menu-items button")) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.menu[open]");
    if (event.key === "Escape" && menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // --- what was swapped in -------------------------------------------------------------------
  const watched = new Map();
  const localised = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const look = (first) => {
    const moved = [];
    for (const pill of document.querySelectorAll("[data-watch]")) {
      const words = pill.textContent.trim();
      const before = watched.get(pill.id);
      watched.set(pill.id, words);
      if (first || before === undefined || before === words) continue;
      pill.classList.add("moved");
      moved.push(`${pill.dataset.watch}: ${words}`);
    }
    if (moved.length) say(moved.join(". "));
    for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
      time.title = time.textContent;
      time.textContent = localised.format(new Date(time.dateTime));
    }
  };
  let lastSaid = "";
  document.body.addEventListener("htmx:afterSettle", (event) => {
    look(false);
    const words = document.querySelector("#dialog [data-say]");
    if (words && words.dataset.say !== lastSaid) { lastSaid = words.dataset.say; say(lastSaid); }
    if (event.detail.target === dialog && dialog.childElementCount) show();
  });
  document.body.addEventListener("htmx:sendError", () => {
    const words = document.createElement("p");
    words.textContent = "The console cannot be reached. What you sent may or may not have arrived; sending this same dialog again is safe.";
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.append(words);
    ((dialog.open && byId("dialog-notices")) || byId("notices")).replaceChildren(notice);
  });

  // What went wrong is told where people look: in the dialog while there is one.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const inside = dialog.open && byId("dialog-notices");
    if (event.detail.isError && inside) event.detail.target = inside;
  });

  // --- live ----------------------------------------------------------------------------------
  const live = byId("live");
  let due = 0;
  const refresh = () => {
    clearTimeout(due);
    due = setTimeout(() => document.body.dispatchEvent(new Event("refreshPage")), 120);
  };
  if (live) {
    const types = live.dataset.types.split(" ");
    let stream = null;
    const hush = () => { if (stream) stream.close(); stream = null; };
    const listen = () => {
      if (stream || document.hidden) return;
      stream = new EventSource(live.dataset.events);
      for (const type of types) stream.addEventListener(type, refresh);
      stream.addEventListener("open", refresh);
      stream.addEventListener("error", () => {
        if (stream && stream.readyState === EventSource.CLOSED) { hush(); setTimeout(listen, 10000); }
      });
    };
    listen();
    // A page nobody looks at holds no connection: browsers have few for one host.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) hush(); else { listen(); refresh(); }
    });
    // Where the stream is down, and for what it does not tell, the page asks.
    let asked = 0;
    setInterval(() => {
      asked += 1;
      const isOpen = stream && stream.readyState === EventSource.OPEN;
      if (!document.hidden && (!isOpen || asked % 10 === 0)) refresh();
    }, 5000);
  }
  look(true);
})();
