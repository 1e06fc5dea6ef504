// What a page that is shown within another needs: its styles and scripts, once each.

const path = (address) => new URL(address, location.origin).pathname;

function has(selector, name, address) {
  return [...document.querySelectorAll(selector)].some((one) => one[name] && path(one[name]) === path(address));
}

function added(element) {
  return new Promise((done) => {
    element.addEventListener("load", done);
    element.addEventListener("error", done);
    document.head.append(element);
  });
}

export async function need(page) {
  const waiting = [];
  for (const sheet of page.querySelectorAll("head link[rel=stylesheet]")) {
    const href = sheet.getAttribute("href");
    if (!has("link[rel=stylesheet]", "href", href)) {
      waiting.push(added(Object.assign(document.createElement("link"), { rel: "stylesheet", href })));
    }
  }
  for (const script of page.querySelectorAll("head script[type=module]")) {
    const src = script.getAttribute("src");
    if (!has("script[type=module]", "src", src)) {
      waiting.push(added(Object.assign(document.createElement("script"), { type: "module", src })));
    }
  }
  await Promise.all(waiting);
}
