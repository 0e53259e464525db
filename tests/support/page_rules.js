// Rules that a page must keep so that everybody can use it; gives what breaks them, as [rule, element, why].
// Contrast as in WCAG 2.2, 1.4.3; size of targets as in 2.5.8.
const found = [];
const fault = (rule, node, why = "") => found.push([rule, (node?.outerHTML ?? "").slice(0, 120), String(why)]);
const all = (query, root = document) => [...root.querySelectorAll(query)];
const byId = (id) => document.getElementById(id);
const shown = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== "hidden";
const name = (node) => {
  const told = (node.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean).map((id) => byId(id)?.textContent);
  return (told.join(" ") || node.getAttribute("aria-label") || node.textContent || node.getAttribute("title") || "").trim();
};

if (!document.documentElement.lang) fault("lang", document.documentElement);
if (!document.title.trim()) fault("title", document.head);
for (const query of ["main", "h1", "body > header", "body > footer"]) {
  if (all(query).length !== 1) fault("one of each", all(query)[1], `${all(query).length} ${query}`);
}
let level = 0;
for (const heading of all("h1, h2, h3, h4, h5, h6")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) fault("order of headings", heading, `h${level} before it`);
  if (!heading.textContent.trim()) fault("empty heading", heading);
  level = next;
}
const ids = all("[id]").map((node) => node.id);
for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) fault("double id", byId(id), id);
for (const attribute of ["aria-labelledby", "aria-describedby", "for", "list"]) {
  for (const node of all(`[${attribute}]`)) {
    for (const id of node.getAttribute(attribute).split(/\s+/)) if (!byId(id)) fault("reference", node, id);
  }
}
for (const node of all("a[href^='#']")) if (!byId(node.hash.slice(1))) fault("anchor", node, node.hash);
for (const node of all("input:not([type=hidden]), select, textarea")) {
  if (!node.labels?.length && !node.getAttribute("aria-label")) fault("label", node);
}
for (const node of all("a, button, summary")) if (!name(node)) fault("name", node);
for (const node of all("svg")) {
  const hidden = node.closest("[aria-hidden=true]") || node.parentElement.closest("svg");
  if (!hidden && !(node.getAttribute("role") === "img" && name(node))) fault("picture without a name", node);
  if (hidden && node.querySelector("a, [tabindex]")) fault("focus in a hidden picture", node);
}
for (const node of all("nav, form[aria-label], [role=region]")) if (!name(node)) fault("landmark without a name", node);
for (const node of all("section")) {
  if (!node.getAttribute("aria-label") && !node.getAttribute("aria-labelledby")) fault("section without a name", node);
}
for (const node of all("table")) {
  const label = node.getAttribute("aria-label") || node.caption || node.closest("[role=region]");
  if (!label) fault("table without a name", node);
  for (const head of all("th", node)) if (!head.scope) fault("scope", head);
  if (!node.querySelector("thead th") || !node.querySelector("tbody th")) fault("table without headers", node);
}
for (const node of all("ul, ol")) {
  if ([...node.children].some((child) => child.tagName !== "LI")) fault("list", node);
}
for (const node of all("dl")) {
  if ([...node.children].some((child) => !["DT", "DD"].includes(child.tagName))) fault("definition list", node);
}
for (const node of all("details")) if (node.firstElementChild?.tagName !== "SUMMARY") fault("summary", node);
for (const node of all("[tabindex]")) if (node.tabIndex > 0) fault("order of focus", node);
for (const node of all(".scroll")) {
  if (node.tabIndex !== 0 || node.getAttribute("role") !== "region") fault("cannot be scrolled by keys", node);
}
for (const node of all("button, select, input:not([type=hidden]), header nav a, summary").filter(shown)) {
  const { width, height } = node.getBoundingClientRect();
  if (width && (height < 24 && node.type !== "radio" && node.type !== "checkbox")) fault("small target", node, height);
}
const wide = document.documentElement.clientWidth + 1;
if (document.documentElement.scrollWidth > wide) fault("scrolls sideways", null, document.documentElement.scrollWidth);

const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
const over = (top, below) => {
  const share = top[3] ?? 1;
  return [0, 1, 2].map((part) => top[part] * share + below[part] * (1 - share));
};
const ground = (node) => {
  for (let each = node; each; each = each.parentElement) {
    const colour = numbers(getComputedStyle(each).backgroundColor);
    if ((colour[3] ?? 1) > 0) return colour;
  }
  return [255, 255, 255];
};
const behind = (node) => {
  const cell = node.previousElementSibling;
  const below = ground(node);
  if (node.tagName !== "text" || !cell?.classList.contains("cell")) return below;
  const style = getComputedStyle(cell);
  return over([...numbers(style.fill).slice(0, 3), Number(style.fillOpacity)], below);
};
const light = (colour) => {
  const [red, green, blue] = colour.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const says = (node) => [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
for (const node of all("body *").filter((each) => says(each) && shown(each) && !["TITLE", "DESC", "OPTION"].includes(each.tagName.toUpperCase()))) {
  const style = getComputedStyle(node);
  const below = behind(node);
  const colour = over(numbers(node instanceof SVGElement ? style.fill : style.color), below);
  const [dark, bright] = [light(colour), light(below)].sort((a, b) => a - b);
  const ratio = (bright + 0.05) / (dark + 0.05);
  if (ratio < 4.5 && !node.closest("[disabled]")) fault("contrast", node, ratio.toFixed(2));
}
return found;
