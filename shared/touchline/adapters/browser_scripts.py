"""What a browser is told to do within a page; each is one call."""

import json
from collections.abc import Iterable
from typing import Final

FETCH: Final = """
const [url, headers, cache, most, done] = arguments;
let forbidden = false;
document.addEventListener("securitypolicyviolation", () => { forbidden = true; });
(async () => {
  const answer = await fetch(url, {headers, cache, mode: "same-origin"});
  const packed = typeof CompressionStream === "function";
  const way = packed ? new CompressionStream("gzip") : new TransformStream();
  const body = new Response(way.readable).blob();
  const reader = answer.body ? answer.body.getReader() : null, writer = way.writable.getWriter();
  let size = 0;
  while (reader) {
    const {done: ended, value} = await reader.read();
    if (ended) break;
    size += value.length;
    if (size > most) {
      body.catch(() => {});
      await Promise.all([reader.cancel(), writer.abort()]);
      return {large: true};
    }
    await writer.write(value);
  }
  await writer.close();
  const file = new FileReader(), made = await body;
  const text = await new Promise((give, fail) => {
    file.onload = () => give(file.result);
    file.onerror = () => fail(file.error);
    file.readAsDataURL(made);
  });
  return {url: answer.url, status: answer.status, headers: Object.fromEntries(answer.headers), packed,
          body: packed || size ? text.slice(text.indexOf(",") + 1) : ""};
})().then(done, error => setTimeout(() => done({error: String(error), forbidden}), 100));
"""
"""Asynchronous; arguments: address, headers, cache mode, bytes at most. Gives {url, status, headers, packed, body in
base64} with the body as the server sent it, but unpacked, and then `packed` by gzip while it comes, since a driver
handles long texts slowly; {large: true}; or {error, forbidden}, where `forbidden` says that the open page does not
permit such requests, which a browser tells a moment later."""

MOMENT: Final = "return performance.timeOrigin"
"""When the open document began; no two have the same."""
RENDERED: Final = """
const plain = document.contentType !== "text/html" && !document.contentType.includes("xml");
return (plain ? document.body?.textContent : document.documentElement?.outerHTML) ?? "";
"""
"""What the browser made of the page; exact for JSON and plain text only."""


def state(expressions: Iterable[str], most: int) -> str:
    """Script that gives {url, origin, status, type, charset, moment, values}.

    `values` has the JSON of each expression that can be evaluated, if it is not longer than `most`. The expressions
    stand in the script itself, since a page may forbid `eval`.
    """
    takes = "\n".join(f"take({json.dumps(expression)}, () => (\n{expression}\n));" for expression in expressions)
    return f"""
const values = {{}};
const take = (name, give) => {{
  try {{ const text = JSON.stringify(give()); if (text?.length <= {most}) values[name] = text; }} catch (missing) {{}}
}};
{takes}
const entry = performance.getEntriesByType("navigation")[0];
const status = entry ? entry.responseStatus : 0;
return {{url: location.href, origin: self.origin, status, type: document.contentType, values,
         charset: document.characterSet, moment: performance.timeOrigin}};
"""
