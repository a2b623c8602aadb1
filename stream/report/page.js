(() => {
  "use strict";
  const player = document.querySelector("video");
  if (!player) return;
  const playable = (yes) => document.body.classList.toggle("playable", yes);
  player.addEventListener("loadedmetadata", () => playable(true));
  player.addEventListener("error", () => playable(false));
  player.src = player.dataset.file;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-seconds]");
    if (!link || !document.body.classList.contains("playable")) return;
    event.preventDefault();
    const seconds = Number(link.dataset.seconds);
    if (player.dataset.file !== link.dataset.file) {
      player.dataset.file = link.dataset.file;
      player.addEventListener("loadedmetadata", () => { player.currentTime = seconds; }, { once: true });
      player.src = link.dataset.file;
    } else {
      player.currentTime = seconds;
    }
    player.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
})();
