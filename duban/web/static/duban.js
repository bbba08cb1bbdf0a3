// Comfort only: every page works without this file.
"use strict";

// A form is sent once: a second click while the first is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") {
    form.dataset.sent = "1";
    window.setTimeout(() => delete form.dataset.sent, 8000);
  }
});

// One box ticks all of a list.
document.querySelectorAll("[data-tick-all]").forEach((box) => {
  box.addEventListener("change", () => {
    document.querySelectorAll(box.dataset.tickAll).forEach((one) => (one.checked = box.checked));
  });
});

// An address that names a place inside closed details opens them.
const target = location.hash && document.getElementById(location.hash.slice(1));
if (target) {
  const closed = target.closest("details") || target.querySelector("details");
  if (closed && target.tagName === "DETAILS") closed.open = true;
}

// A box that looks for an item: what is found is offered below it, and choosing it ticks its row.
document.querySelectorAll("input[data-find]").forEach((box) => {
  const offers = document.getElementById(box.getAttribute("list"));
  let waiting = 0;
  box.addEventListener("input", () => {
    const tick = box.closest("tr").querySelector("input[name=take]");
    if (tick) tick.checked = Boolean(box.value);
    window.clearTimeout(waiting);
    if (box.value.includes("\u3000")) return;
    waiting = window.setTimeout(async () => {
      const answer = await fetch(`${box.dataset.find}?q=${encodeURIComponent(box.value)}`);
      if (!answer.ok) return;
      offers.replaceChildren(...(await answer.json()).map((text) => new Option(text, text)));
    }, 250);
  });
});
