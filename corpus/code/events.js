// A small publisher: listeners by name, a wildcard, and a promise for "the next one".

export class Events {
  #listeners = new Map();

  /** Calls `listener` for every event called `name`; returns a function that stops it. */
  on(name, listener) {
    if (typeof listener !== "function") {
      throw new TypeError(`the listener for ${name} is not a function`);
    }
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#listeners.delete(name);
    };
  }

  /** Resolves with the next event called `name`, or rejects when the signal aborts. */
  next(name, { signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = this.on(name, (event) => {
        stop();
        signal?.removeEventListener("abort", abort);
        resolve(event);
      });
      const abort = () => {
        stop();
        reject(signal.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Tells everybody; one listener that throws does not keep the others from hearing it. */
  emit(name, detail) {
    const event = Object.freeze({ name, detail, at: Date.now() });
    const failures = [];
    for (const key of [name, "*"]) {
      // A copy, because listeners may come and go while they are called.
      for (const listener of [...(this.#listeners.get(key) ?? [])]) {
        try {
          listener(event);
        } catch (failure) {
          failures.push(failure);
        }
      }
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, `${failures.length} listeners of ${name} failed`);
    }
    return event;
  }

  get size() {
    let size = 0;
    for (const set of this.#listeners.values()) size += set.size;
    return size;
  }
}
