// What has to be taken back when an operation fails: pushed when a step has succeeded, run in reverse.

export class Undo {
  readonly #steps: (() => void)[] = [];

  push(step: () => void): void {
    this.#steps.push(step);
  }

  /** The operation has succeeded: nothing is taken back any more. */
  commit(): void {
    this.#steps.length = 0;
  }

  /** Runs all steps, whatever each of them throws, and returns what they threw. */
  run(): readonly unknown[] {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}
