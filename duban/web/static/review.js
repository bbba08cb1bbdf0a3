// 待核 at the keyboard: one item at a time, one key a decision. The page works without this file.
"use strict";

(() => {
  const items = [...document.querySelectorAll("article.doubt[data-waiting]")];
  const help = document.getElementById("keys");
  let at = Math.max(0, items.findIndex((one) => `#${one.id}` === location.hash));

  const go = (place, scroll = true) => {
    if (!items.length) return;
    items[at].classList.remove("current");
    at = Math.min(items.length - 1, Math.max(0, place));
    items[at].classList.add("current");
    if (scroll) {
      items[at].scrollIntoView({ block: "start" });
      items[at].focus({ preventScroll: true });
    }
  };

  // A field that was touched says so, and the button says what it will do.
  const changed = (form) => [...form.querySelectorAll("[data-field]")].filter((one) => one.value !== one.defaultValue);
  document.querySelectorAll("form.decide").forEach((form) => {
    const keep = form.querySelector("button[value=keep]");
    form.addEventListener("input", () => {
      const touched = changed(form);
      form.querySelectorAll(".fix").forEach((one) => one.classList.toggle("touched", touched.some((f) => one.contains(f))));
      keep.firstChild.textContent = touched.length ? `按更正保留（改${touched.length}栏）` : keep.dataset.plain;
    });
  });

  document.addEventListener("focusin", (event) => {
    const place = items.indexOf(event.target.closest("article.doubt"));
    if (place >= 0 && place !== at) go(place, false);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const press = (name) => {
      const button = items[at] && items[at].querySelector(name);
      if (button) button.click();
    };
    const done = {
      j: () => go(at + 1), k: () => go(at - 1), ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1),
      1: () => press("button[value=keep]"), 2: () => press("button[value=merge]"), 3: () => press("button[value=drop]"),
      e: () => {
        const fix = items[at] && (items[at].querySelector(".fix.doubted") || items[at].querySelector(".fix"));
        if (fix) { fix.open = true; fix.querySelector("textarea").focus(); }
      },
      u: () => { const undo = document.querySelector("#done button"); if (undo) undo.click(); },
      "?": () => { help.open = !help.open; help.scrollIntoView({ block: "center" }); },
    }[event.key];
    if (done) { event.preventDefault(); done(); }
  });

  if (items.length) go(at, location.hash.startsWith("#item-"));
})();
