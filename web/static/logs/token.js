// The part of a query that somebody is writing: what stands before the caret, back to a blank.

const BEFORE = /(?:^|[\s(])(-?)((?:"(?:[^"\\]|\\.)*"?|[^\s()"])*)$/;
const NAMED = /^([A-Za-z$][^\s:]*|\$[^\s:]*):(.*)$/s;

// *name* is null until there is a colon; *from* and *to* are its place.
export function tokenAt(text, caret) {
  const before = text.slice(0, caret);
  const [, , word] = BEFORE.exec(before) ?? [, "", ""];
  const from = caret - word.length;
  const to = caret + /^[^\s()]*/.exec(text.slice(caret))[0].length;
  const named = NAMED.exec(word);
  const value = named ? named[2].replace(/^[=~]?"?/, "") : word;
  return { from, to, word, name: named ? named[1] : null, value };
}
