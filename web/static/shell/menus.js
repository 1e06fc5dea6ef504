// Menus that drop down: one at a time, and none when something else is pressed.

const open = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) {
    const isAsked = menu.contains(event.target) && !event.target.closest(".menu-items button, .menu-items a");
    if (!isAsked) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopImmediatePropagation();
  }
});
