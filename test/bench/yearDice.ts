/** Chance that falls the same way each time: a small generator of numbers (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to, but not, 1. */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.roll() * (high - low + 1));
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.roll() * items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  words(count: number): string {
    return Array.from({ length: count }, () => this.of(vocabulary)).join(' ');
  }
}

const vocabulary = (
  'the a of and to in is it for on with this that not test build file module function returns error cache index query ' +
  'retry timeout payment invoice customer account search result page session token login request response handler ' +
  'migration column table schema branch commit review merge failing passing green red refactor extract rename remove ' +
  'deprecated import export client server worker manager queue event stream batch offset cursor checkpoint snapshot'
).split(' ');
