// Buttons that show one of two elements in the place of the other.

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-toggle]");
  if (!button) return;
  const shown = document.getElementById(button.dataset.toggle);
  shown.hidden = !shown.hidden;
  document.getElementById(button.dataset.other).hidden = !shown.hidden;
  button.setAttribute("aria-pressed", String(shown.hidden));
});
