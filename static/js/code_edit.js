// A textarea with line numbers; a click on a mistake's line goes there.

const area = document.getElementById("source");
const lines = document.getElementById("lines");

function number() {
  const count = area.value.split("\n").length;
  lines.textContent = Array.from({ length: count }, (_, n) => n + 1).join("\n");
}

function goTo(line) {
  const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const end = area.value.indexOf("\n", before);
  area.focus();
  area.setSelectionRange(before, end < 0 ? area.value.length : end);
  const height = parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 4) * height);
}

area.addEventListener("input", number);
area.addEventListener("scroll", () => { lines.scrollTop = area.scrollTop; });
for (const button of document.querySelectorAll("[data-line]")) {
  button.addEventListener("click", () => goTo(Number(button.dataset.line)));
}
number();
