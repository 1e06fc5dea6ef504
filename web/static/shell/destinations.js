// Where the palette leads: pages, what this page can do, services, saved views.

const pages = [
  ["Services", "/", "g s"], ["Logs", "/dashboard", "g l"], ["Metrics", "/metrics-ui", "g m"],
  ["Endpoints", "/metrics-ui/endpoints"], ["Open now", "/exchanges"], ["Send a request", "/replay"],
  ["Compare two logs", "/compare"], ["Saved views", "/views"],
  ["Alerts", "/alerts-ui", "g a"], ["Channels", "/alerts-ui/channels"], ["Status", "/status", "g t"],
  ["Tokens", "/tokens", "g k"], ["Import a HAR archive", "/import"], ["When your app breaks", "/troubleshooting"],
  ["API reference", "/docs"], ["API reference, to read", "/redoc"],
].map(([name, href, keys]) => ({ name, href, keys, kind: "Page" }));

function named(element) {
  const label = element.getAttribute("aria-label") ?? element.textContent;
  return label.replace(/\s+/g, " ").trim();
}

// All that can be pressed here but for what is in a table, of which there are many.
function actions() {
  const found = document.querySelectorAll("main button, main a.button, .top button, .top [type=radio]");
  const seen = new Set();
  return [...found].flatMap((element) => {
    const name = element.type === "radio" ? `Look: ${named(element.closest("label"))}` : named(element);
    const isHere = !element.closest("table, dialog, [hidden], [role=listbox]") && !element.hidden && !element.disabled;
    if (!isHere || !name || seen.has(name) || "palette" in element.dataset) return [];
    seen.add(name);
    const keys = element.getAttribute("aria-keyshortcuts")?.split(" ")[0];
    // Nobody is to delete something by Enter that was meant for another.
    const isLast = element.classList.contains("danger");
    return [{ name, kind: "Action", keys, isLast, act: () => element.click() }];
  });
}

async function listed(path, made) {
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    if (!answer.ok) return [];
    return (await answer.json()).items.flatMap(made);
  } catch { return []; }
}

const ofService = ({ id, name }) => [
  { name, kind: "Logs of the service", href: `/dashboard?service_id=${id}` },
  { name, kind: "Metrics of the service", href: `/metrics-ui?service_id=${id}` },
  { name, kind: "Service", href: `/?service=${id}` },
];

function ofView({ name, filters, range, columns }) {
  const given = new URLSearchParams(filters);
  if (range) given.set("range", range);
  if (columns) given.set("columns", columns.join(","));
  return [{ name, kind: "View", href: `/dashboard?${given}` }];
}

// At once what is here, then what the appliance knows.
export async function* destinations() {
  yield [...pages, ...actions()];
  yield await listed("/v1/views?limit=500", ofView);
  yield await listed("/v1/services?limit=500", ofService);
}
