// Says what went wrong, in place of the picture: a sentence, its code, and the ways that remain.
import { codeOf } from "./failures.js";
import { knows, part, say, show } from "./page.js";

const place = part("message");

/** @param {unknown} error @param {{unforeseen?: string, retry?: () => void}} [more] */
export function tell(error, { unforeseen = "not_foreseen", retry } = {}) {
  const code = codeOf(error, unforeseen);
  const key = `failure.${code}`;
  part("message-text").textContent = say(knows(key) ? key : "failure.other");
  part("message-code").textContent = code;
  const button = part("message-retry");
  show(button, retry !== undefined);
  button.onclick = retry ?? null;
  show(place);
}

export const clear = () => show(place, false);
