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
