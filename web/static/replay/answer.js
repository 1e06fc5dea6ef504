// The form keeps what was edited: only what came of it is put in its place.

document.querySelector("form[data-then=event]")?.addEventListener("answered", async (event) => {
  const address = `${location.pathname}?replay=${encodeURIComponent(event.detail.id)}`;
  const answer = await fetch(address);
  if (!answer.ok) return location.assign(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["result", "beside", "history"]) {
    document.getElementById(id).replaceWith(document.importNode(page.getElementById(id), true));
  }
  history.replaceState(null, "", address);
  document.getElementById("result").scrollIntoView({ block: "nearest" });
});
