// Offers to keep the client's Host where a base URL is of this machine or network.

const PRIVATE = new RegExp(`^(${[
  String.raw`localhost|.*\.localhost|.*\.local|.*\.internal`,
  String.raw`(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))(\.\d+)+|0\.0\.0\.0`,
  String.raw`\[::1?\]|\[f[cd].*\]|\[fe[89ab].*\]`,
  String.raw`[^.[\]]+`,
].join("|")})$`);

function isPrivate(text) {
  if (/^http:\/\/unix:\//i.test(text)) return true;
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && PRIVATE.test(url.hostname);
  } catch { return false; }
}

for (const offer of document.querySelectorAll("[data-offer-for]")) {
  const field = document.getElementById(offer.dataset.offerFor);
  const show = () => { offer.hidden = !isPrivate(field.value.trim()); };
  field.addEventListener("input", show);
  show();
}
