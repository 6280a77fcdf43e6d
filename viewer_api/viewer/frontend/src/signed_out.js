// Whoever signs out, in any tab, leaves nothing on the screen. The answer to a sign-out has the browser forget what pages stored (Clear-Site-Data), this mark with it.
const MARK = "coffre-viewer-open";
const LOOK_MS = 1_000;

/** @param {() => void} act once */
export function whenSignedOut(act) {
  localStorage.setItem(MARK, "1");
  const timer = setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);

  function look() {
    if (localStorage.getItem(MARK) !== null) return;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
    act();
  }
}
