// Moves the viewer's prefetch through a stack as it is told, and prints what it loaded in which order.
import { json } from "node:stream/consumers";
import { Prefetch } from "../../viewer_api/viewer/frontend/src/prefetch.js";

class Stack {
  asked = [];
  answers = [];
  fetched = new Set();
  mostAtOnce = 0;

  constructor({ images, room }) {
    this.frames = Array.from({ length: images });
    this.room = room;
  }

  get hasRoom() {
    return this.asked.length < this.room;
  }

  isFetched(index) {
    return this.fetched.has(index);
  }

  fetch(index) {
    this.asked.push(index);
    this.fetched.add(index);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.answers.length + 1);
    return new Promise((resolve) => this.answers.push(() => resolve({})));
  }

  /** Each image that was asked for comes, one after the other. */
  async answer() {
    while (this.answers.length) {
      this.answers.shift()();
      await new Promise(setImmediate);
    }
  }
}

const told = await json(process.stdin);
const stack = new Stack(told);
const prefetch = new Prefetch(stack, () => {});
for (const index of told.shown) prefetch.around(index);
if (told.stopped) prefetch.stop();
await stack.answer();
console.log(JSON.stringify({ asked: stack.asked, mostAtOnce: stack.mostAtOnce }));
