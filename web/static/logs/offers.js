// What may stand in a query: fields as the parser has them, values as logs have them.

import { without } from "./place.js";

const PAGE = ["cursor", "offset", "limit", "newer", "live", "range", "columns", "tz", "query"];
const MOST = 12;
let table, asked;

async function fields() {
  table ??= fetch("/v1/query/fields").then(async (answer) => {
    if (!answer.ok) throw new Error(answer.status);
    return (await answer.json()).fields;
  });
  try { return await table; } catch { table = undefined; return []; }
}

function named(field) {
  const text = field.takes_name ? field.name : `${field.name}:`;
  return { text, about: field.meaning, more: true };
}

async function ofNames(prefix) {
  const small = prefix.toLowerCase();
  const begins = (field) => [field.name, ...field.aliases].some((name) => name.startsWith(small));
  const found = (await fields()).filter(begins);
  return found.slice(0, MOST).map(named);
}

async function ofValues(field, prefix) {
  asked?.abort();
  asked = new AbortController();
  const given = without(PAGE);
  given.set("field", field);
  given.set("limit", String(MOST));
  if (prefix) given.set("prefix", prefix);
  try {
    const answer = await fetch(`/v1/query/values?${given}`, { signal: asked.signal });
    if (!answer.ok) return [];
    const { values } = await answer.json();
    return values.map(({ query, count }) => ({ text: query, count, more: query.endsWith(":") }));
  } catch { return []; }
}

function choices(field, prefix) {
  const found = field.choices.filter((choice) => choice.startsWith(prefix.toLowerCase()));
  return found.map((choice) => ({ text: `${field.name}:${choice}` }));
}

const called = (field, name) => [field.name, ...field.aliases].includes(name.toLowerCase());

function examples(field, word) {
  const found = field.examples.filter((example) => example.startsWith(word) && example !== word);
  return found.map((example) => ({ text: example, about: "for example" }));
}

// Each has a *text* that stands for the token, and *more* where something goes behind it.
export async function offers({ name, value, word }) {
  const all = await fields();
  if (name === null) {
    const small = word.toLowerCase();
    const family = all.find((field) => field.takes_name && field.name.endsWith(".") && small.startsWith(field.name));
    if (family) return ofValues(family.name.slice(0, -1), word.slice(family.name.length));
    return ofNames(word);
  }
  const field = all.find((one) => called(one, name));
  if (field?.choices.length) return choices(field, value);
  if (field && !field.has_values) return examples(field, word);
  return ofValues(name, value);
}
