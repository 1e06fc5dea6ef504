// Buttons that open and close dialogs, and the one of the keys. Those that are links lead
// to their dialog without a script; with one they are buttons.

// Whoever opened it by an entry of a menu, which is closed by then, is back at the menu.
export function show(dialog, from) {
  dialog.showModal();
  const menu = from?.closest("details[data-menu]");
  if (menu) dialog.addEventListener("close", () => menu.querySelector("summary").focus(), { once: true });
}

export function showKeys(event) {
  show(document.getElementById("help"), event?.target);
}

const LINKS = "a[data-open], a[data-close]";

function adopt(part) {
  for (const link of part.querySelectorAll(LINKS)) link.setAttribute("role", "button");
}

adopt(document);
document.addEventListener("opened", ({ detail }) => adopt(detail));
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.(LINKS)) return;
  event.preventDefault();
  event.target.click();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest(`button, ${LINKS}`);
  if (!button) return;
  if (button.matches(LINKS)) event.preventDefault();
  if (button.dataset.open) show(document.getElementById(button.dataset.open), button);
  else if ("close" in button.dataset) button.closest("dialog").close();
  else if ("help" in button.dataset) showKeys(event);
});
