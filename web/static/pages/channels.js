// A new channel is asked for what its kind needs; its secret is shown once.

const PLACES = {
  webhook: "https://hooks.internal/alerts",
  slack: "https://hooks.slack.com/services/…",
  discord: "https://discord.com/api/webhooks/…",
  pagerduty: "https://events.pagerduty.com/v2/enqueue",
  email: "mailto:on-call@example.com",
};

function suit(form) {
  const kind = form.elements.kind.value;
  form.elements.url.placeholder = PLACES[kind];
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = part.dataset.for !== kind;
    for (const field of part.querySelectorAll("[data-kind]")) field.disabled = part.hidden;
  }
}

for (const form of document.querySelectorAll("form[data-secret]")) {
  form.elements.kind.addEventListener("change", () => suit(form));
  suit(form);
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
