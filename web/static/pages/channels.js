// A new channel is asked for what its kind needs; its secret is shown once.

import { suit } from "../forms/suiting.js";

const PLACES = {
  webhook: "https://hooks.internal/alerts",
  slack: "https://hooks.slack.com/services/…",
  discord: "https://discord.com/api/webhooks/…",
  pagerduty: "https://events.pagerduty.com/v2/enqueue",
  email: "mailto:on-call@example.com",
};

function suitKind(form) {
  form.elements.url.placeholder = PLACES[form.elements.kind.value];
  suit(form);
}

for (const form of document.querySelectorAll("form[data-secret]")) {
  form.elements.kind.addEventListener("change", () => suitKind(form));
  suitKind(form);
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
