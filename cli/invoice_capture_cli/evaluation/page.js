
"use strict";
const form = document.getElementById("filter");
const misses = [...document.querySelectorAll(".miss")];

function marksOf(miss) {
  return miss.closest(".document").querySelectorAll(`.mark[data-miss="${miss.dataset.number}"]`);
}

function passes(miss) {
  const wanted = Object.fromEntries(new FormData(form));
  const kind = miss.closest(".document").dataset.kind;
  const { field, outcome } = miss.dataset;
  const outcomeFits = wanted.outcome === "counted" ? outcome !== "unlabelled" : !wanted.outcome || outcome === wanted.outcome;
  return (!wanted.kind || kind === wanted.kind) && (!wanted.field || field === wanted.field) && outcomeFits;
}

function apply() {
  let shown = 0;
  for (const miss of misses) {
    const fits = passes(miss);
    miss.hidden = !fits;
    for (const mark of marksOf(miss)) mark.hidden = !fits;
    shown += fits;
  }
  const isEmpty = (part) => !part.querySelector(".miss:not([hidden]), .mark:not([hidden])");
  for (const page of document.querySelectorAll(".page, .document")) page.hidden = isEmpty(page);
  form.querySelector("output").textContent = `${shown} of ${misses.length} shown`;
}

function light(miss, on) {
  for (const sheet of miss.closest(".document").querySelectorAll(".sheet")) {
    const own = sheet.querySelectorAll(`.mark[data-miss="${miss.dataset.number}"]`);
    sheet.classList.toggle("dimmed", on && own.length > 0);
    for (const mark of own) mark.classList.toggle("lit", on);
  }
}

for (const miss of misses) {
  for (const event of ["mouseenter", "focus"]) miss.addEventListener(event, () => light(miss, true));
  for (const event of ["mouseleave", "blur"]) miss.addEventListener(event, () => light(miss, false));
}
if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  apply();
}
