// The secret of a new channel is shown once.

for (const form of document.querySelectorAll("form[data-secret]")) {
  form.addEventListener("answered", ({ detail }) => {
    const next = form.dataset.next.replace("{id}", encodeURIComponent(detail.id));
    if (!detail.secret) return location.assign(next);
    document.getElementById("secret").textContent = detail.secret;
    document.getElementById("secret-next").href = next;
    const shown = document.getElementById("new-secret");
    form.hidden = true;
    shown.hidden = false;
    shown.querySelector("button").focus();
  });
}
