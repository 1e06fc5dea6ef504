// Where a text stops being JSON; browsers do not all say it.

const SPACE = /[ \t\r\n]*/y;
const TOKEN = new RegExp(
  String.raw`([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")`
  + String.raw`|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)`, "y");
const CLOSING = { "}": "{", "]": "[" };

// What may follow, or nothing where *token* may not stand where *state* is.
function step(state, [token, mark, string], open) {
  const after = () => (open.length ? "more" : "end");
  if (state === "colon") return mark === ":" ? "value" : undefined;
  if (state === "more" && mark === ",") return open.at(-1) === "{" ? "key" : "value";
  const closes = state === "more" || state === "first key" || state === "first value";
  if (closes && CLOSING[mark]) return open.pop() === CLOSING[mark] ? after() : undefined;
  if (state === "key" || state === "first key") return string ? "colon" : undefined;
  if (state !== "value" && state !== "first value") return undefined;
  if (mark === "{" || mark === "[") {
    open.push(mark);
    return mark === "{" ? "first key" : "first value";
  }
  return mark ? undefined : token && after();
}

export function brokenAt(text) {
  const open = [];
  let state = "value", at = 0;
  for (;;) {
    SPACE.lastIndex = at;
    at += SPACE.exec(text)[0].length;
    if (at === text.length || state === "end") return at;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    const next = token && step(state, token, open);
    if (!next) return at;
    state = next;
    at = TOKEN.lastIndex;
  }
}
