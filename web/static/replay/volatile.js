// Differences that any two answers have are hidden, or shown again.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-quiet-differences]");
  if (!button) return;
  const hides = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(hides));
  for (const noise of document.querySelectorAll("[data-noise]")) noise.open = !hides;
});
