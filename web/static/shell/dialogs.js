// Buttons that open and close dialogs, and the one of the keys.

// Whoever opened it by an entry of a menu, which is closed by then, is back at the menu.
export function show(dialog, from) {
  dialog.showModal();
  const menu = from?.closest("details[data-menu]");
  if (menu) dialog.addEventListener("close", () => menu.querySelector("summary").focus(), { once: true });
}

export function showKeys(event) {
  show(document.getElementById("help"), event?.target);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.open) show(document.getElementById(button.dataset.open), button);
  else if ("close" in button.dataset) button.closest("dialog").close();
  else if ("help" in button.dataset) showKeys(event);
});
