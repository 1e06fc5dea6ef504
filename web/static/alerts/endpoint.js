// A rule of one endpoint: choosing it writes the query that finds its logs.

const MOST = 500;

function quoted(text) {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

// Quotes are not needed everywhere.
const bare = (query) => query.replaceAll('"', "");

async function asked(service) {
  const query = new URLSearchParams({ limit: MOST });
  if (service) query.set("service_id", service);
  const response = await fetch(`/v1/endpoints?${query}`, { headers: { Accept: "application/json" } });
  if (!response.ok) return [];
  const { items } = await response.json();
  return items.filter(({ endpoint }) => endpoint);
}

function option({ method, endpoint }) {
  return new Option(`${method} ${endpoint}`, `method:=${quoted(method)} endpoint:=${quoted(endpoint)}`);
}

// Of several services, an endpoint of the same name is listed once.
async function fill(choice, service, query) {
  const made = new Map((await asked(service)).map(option).map((one) => [one.value, one]));
  choice.length = 1;
  choice.append(...[...made.values()].sort((a, b) => a.text.localeCompare(b.text)));
  choice.value = [...made.keys()].find((known) => bare(known) === bare(query)) ?? "";
}

export function offer(form) {
  const { endpoint: choice, query, service_id: service } = form.elements;
  let [known, written] = [null, ""];
  const look = () => {
    const wanted = service ? service.value : form.dataset.service;
    if (known === wanted) return;
    known = wanted;
    const given = query.value.trim();
    fill(choice, wanted, given).then(() => { written = choice.value && given; }, () => { known = null; });
  };
  form.addEventListener("focusin", look);
  service?.addEventListener("change", look);
  choice.addEventListener("change", () => {
    const rest = written ? query.value.replace(written, "").trim() : query.value.trim();
    query.value = [choice.value, rest].filter(Boolean).join(" ");
    written = choice.value;
    query.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
