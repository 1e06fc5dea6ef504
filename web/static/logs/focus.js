// Who is at a row is still at it when the list was rendered anew.

// What of a row has the focus, as it is found again.
const PARTS = [".path-line > a", "[data-row=pin]", "[data-row=marks]", "[data-row=more]", "[data-pick]"];

export function focusRow(id, part = PARTS[0]) {
  document.querySelector(`#logs tr[data-log="${CSS.escape(id)}"] ${part}`)?.focus({ preventScroll: true });
}

// Where what had it is gone.
export function focusList() {
  const place = document.querySelector("#logs .scroll") ?? document.getElementById("main");
  place.focus({ preventScroll: true });
}

// To be called before; what it answers, after.
export function keptIn(list) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  if (!focused) return () => {};
  const id = focused.closest("tr[data-log]")?.dataset.log;
  const part = PARTS.find((selector) => focused.matches(selector)) ?? PARTS[0];
  return () => {
    if (id) focusRow(id, part);
    if (!list.contains(document.activeElement)) focusList();
  };
}
