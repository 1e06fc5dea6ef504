// `look(onlyColours)`: what axe finds of serious and critical impact.
//
// Without the rules that find nothing of the kind, which are those that look at all of a
// page; and of neighbours that differ in their words alone (the rows of a table) at two.
(() => {
  const kinds = new Map();

  // What has a digit or a blank in it says which one it is, not of what kind.
  const kindOf = (value) => (/^[^\d\s]{0,24}$/.test(value) ? value : "…");

  const attribute = ({ name, value }) =>
    `${name}=${name === "class" ? value : kindOf(value)}`;

  // One letter has no contrast of its own for axe.
  const words = (text) => `"${Math.min(text.trim().length, 2)}"`;

  // A number for each form that an element has, with all that is in it.
  const formOf = (element, forms) => {
    const parts = [element.tagName, ...[...element.attributes].map(attribute).sort()];
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) parts.push(words(child.data));
      if (child.nodeType === Node.ELEMENT_NODE) parts.push(formOf(child, forms));
    }
    const form = parts.join("\n");
    if (!kinds.has(form)) kinds.set(form, kinds.size);
    forms.set(element, kinds.get(form));
    return kinds.get(form);
  };

  const repeated = (element, forms, found) => {
    const seen = new Map();
    for (const child of element.children) {
      const count = (seen.get(forms.get(child)) ?? 0) + 1;
      seen.set(forms.get(child), count);
      if (count > 2) found.push(child);
      else repeated(child, forms, found);
    }
    return found;
  };

  window.look = async (onlyColours) => {
    const forms = new Map();
    formOf(document.body, forms);
    const again = repeated(document.body, forms, []);
    const serious = axe
      .getRules()
      .filter(({ tags }) => !tags.includes("experimental"))
      .map(({ ruleId }) => axe._audit.rules.find(({ id }) => id === ruleId))
      .filter(({ enabled, impact }) => enabled && !["minor", "moderate"].includes(impact))
      .map(({ id }) => id);
    const options = {
      runOnly: onlyColours ? ["color-contrast"] : serious,
      resultTypes: ["violations"],
      preload: false,
    };
    const { violations } = await axe.run({ exclude: again }, options);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  };
})();
