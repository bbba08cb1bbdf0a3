// 待核 at the keyboard: one item at a time, one key a decision. The page works without this file.
"use strict";

(() => {
  const items = [...document.querySelectorAll("article.doubt[data-waiting]")];
  const help = document.getElementById("keys");
  let at = Math.max(0, items.findIndex((one) => `#${one.id}` === location.hash));

  // The box with the source shows the item's own lines, the first doubt in its upper third.
  const showSource = (item) => {
    const box = item.querySelector(".source");
    const line = box && (box.querySelector(".doubted") || box.querySelector(".within"));
    const first = box && box.querySelector(".within");
    if (!line) return;
    const top = Math.min(line.offsetTop - box.clientHeight / 3, first ? first.offsetTop - 24 : line.offsetTop);
    const far = line.offsetTop - box.clientHeight * 0.7;
    box.scrollTop = Math.max(0, top, far);
  };
  document.querySelectorAll("article.doubt").forEach(showSource);

  const go = (place, scroll = true) => {
    if (!items.length) return;
    items[at].classList.remove("current");
    at = Math.min(items.length - 1, Math.max(0, place));
    items[at].classList.add("current");
    showSource(items[at]);
    if (scroll) {
      items[at].scrollIntoView({ block: "start" });
      items[at].focus({ preventScroll: true });
    }
  };

  // A field that was touched says so, and the button says what it will do.
  const touched = (one) => {
    if (one.type === "checkbox") return one.checked !== one.defaultChecked;
    if (one.tagName === "SELECT") {
      const name = one.parentElement.querySelector("input");
      return Boolean(name && name.defaultValue) && ![...one.options].find((o) => o.defaultSelected).selected;
    }
    return one.value !== one.defaultValue;
  };
  document.querySelectorAll("form.decide").forEach((form) => {
    const keep = form.querySelector("button[value=keep]");
    form.addEventListener("input", () => {
      const places = new Set([...form.querySelectorAll("[data-field]")].filter(touched).map((f) => f.closest(".fix, .fixed")));
      form.querySelectorAll(".fix, .fixed").forEach((one) => one.classList.toggle("touched", places.has(one)));
      if (keep) keep.firstChild.textContent = places.size ? `按更正保留（改${places.size}栏） ` : `${keep.dataset.plain} `;
    });
    // The last empty row for a party is followed by another one as soon as it is filled.
    form.addEventListener("input", (event) => {
      const row = event.target.closest(".who-row");
      if (!row || event.target.tagName !== "INPUT" || !event.target.value) return;
      const rows = [...row.parentElement.querySelectorAll(".who-row")];
      if (rows[rows.length - 1] !== row) return;
      const next = row.cloneNode(true);
      next.querySelectorAll("[id]").forEach((one) => (one.id += "x"));
      next.querySelectorAll("[for]").forEach((one) => one.setAttribute("for", `${one.getAttribute("for")}x`));
      next.querySelector("input").defaultValue = next.querySelector("input").value = "";
      row.after(next);
    });
    // Enter in a line of text would press the first button: it only leaves the field; Ctrl+Enter keeps.
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        if (keep) keep.click();
      } else if (event.target.matches("input[data-field]")) {
        event.preventDefault();
        event.target.blur();
      }
    });
  });

  document.addEventListener("focusin", (event) => {
    const place = items.indexOf(event.target.closest("article.doubt"));
    if (place >= 0 && place !== at) go(place, false);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const press = (name) => {
      const button = items[at] && items[at].querySelector(name);
      if (button) button.click();
    };
    const open = (key) => {
      const part = items[at] && items[at].querySelector(`details[data-key="${key}"]`);
      if (!part) return;
      part.open = true;
      part.querySelector("select, input:not([type=hidden])").focus();
    };
    const done = {
      j: () => go(at + 1), k: () => go(at - 1), ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1),
      1: () => press("button[value=keep]"), 2: () => press("button[value=merge]"), 3: () => press("button[value=drop]"),
      4: () => open("4"), 5: () => open("5"),
      e: () => {
        const fix = items[at] && (items[at].querySelector(".fix.doubted") || items[at].querySelector(".fix"));
        if (!fix) return;
        fix.open = true;
        const empty = [...fix.querySelectorAll("input[data-field]")].find((one) => !one.value);
        (empty || fix.querySelector("textarea[data-field], input[data-field]")).focus();
      },
      u: () => { const undo = document.querySelector("#done button"); if (undo) undo.click(); },
      n: () => { const next = document.getElementById("next-page"); if (next) next.click(); },
      "?": () => { if (help) { help.open = !help.open; help.scrollIntoView({ block: "center" }); } },
    }[event.key];
    if (done) { event.preventDefault(); done(); }
  });

  if (items.length) go(at, location.hash.startsWith("#item-"));
})();
