/** Anything with an end. VS Code's own disposables fit. */
export interface Disposable {
  dispose(): unknown;
}

/**
 * Owns things that must end, and ends them in reverse order. What is added after the end is ended at once: otherwise
 * something that was still starting while its owner shut down would live on.
 */
export class DisposableStore implements Disposable {
  readonly #items = new Set<Disposable>();
  #isDisposed = false;

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  add<T extends Disposable>(item: T): T {
    if (this.#isDisposed) item.dispose();
    else this.#items.add(item);
    return item;
  }

  addAll(...items: readonly Disposable[]): void {
    for (const item of items) this.add(item);
  }

  dispose(): void {
    this.#isDisposed = true;
    const items = [...this.#items].toReversed();
    this.#items.clear();
    const failures: unknown[] = [];
    for (const item of items) {
      try {
        item.dispose();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'ending failed');
  }
}

/** Calls its listeners in the order they came. A listener may end itself while it is called. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();

  readonly on = (listener: (value: T) => void): Disposable => {
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    return { dispose: () => this.#listeners.delete(own) };
  };

  fire(value: T): void {
    for (const listener of Array.from(this.#listeners)) listener(value);
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
