// Everything works without this file. It takes the zone of the browser where none was chosen, says when there is
// news, and keeps the parts of a page that are marked as live up to date.
(() => {
  "use strict";
  const { body } = document;
  const here = new URL(location.href);
  if ("zone" in body.dataset) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && zone !== "UTC" && zone !== "Etc/UTC") {
      here.searchParams.set("tz", zone);
      location.replace(here);
      return;
    }
  }

  const tell = () => {
    const note = document.createElement("p");
    const link = document.createElement("a");
    note.className = "banner";
    note.setAttribute("role", "status");
    link.href = here.href;
    link.textContent = body.dataset.reload;
    document.querySelector("main").prepend(note);
    note.append(body.dataset.news, " ", link);
  };

  const live = () => [...document.querySelectorAll("[data-live]")];
  const refresh = async () => {
    if (document.hidden || live().some((part) => part.contains(document.activeElement))) return;
    try {
      const answer = await fetch(here.href, { cache: "no-store" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of live()) {
        const now = fresh.getElementById(part.id);
        if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
      }
    } catch {
      // The next look will tell.
    }
  };
  if (live().length) setInterval(refresh, 5000);

  if (!body.dataset.state) return;
  let known;
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/readyz", { cache: "no-store" });
      if (!answer.ok) return;
      const { promotion, seq, forecasts } = await answer.json();
      const state = [promotion, seq, forecasts].join("/");
      if (known !== undefined && known !== state) {
        clearInterval(timer);
        tell();
      }
      known = state;
    } catch {
      // The server is away; the next look will tell.
    }
  };
  const timer = setInterval(look, 30000);
  document.addEventListener("visibilitychange", look);
  look();
})();
