// Buttons that open and close dialogs, and the one of the keys.

export function showKeys() {
  document.getElementById("help").showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.open) document.getElementById(button.dataset.open).showModal();
  else if ("close" in button.dataset) button.closest("dialog").close();
  else if ("help" in button.dataset) showKeys();
});
