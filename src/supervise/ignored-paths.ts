import { dirname } from 'node:path';
import { repositoryRoot } from '../platform/folders-upward.ts';

/** Which paths git ignores: asked for one after the other, answered together. */
export class IgnoredPaths {
  readonly #ask: (root: string, paths: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly #answers = new Map<string, Promise<boolean>>();
  #waiting: { readonly path: string; readonly answer: (ignored: boolean) => void }[] = [];
  #asking = false;

  constructor(ask: (root: string, paths: readonly string[]) => Promise<ReadonlySet<string>>) {
    this.#ask = ask;
  }

  has(path: string): Promise<boolean> {
    const known = this.#answers.get(path);
    if (known !== undefined) return known;
    const answer = new Promise<boolean>((resolve) => {
      this.#waiting.push({ path, answer: resolve });
    });
    this.#answers.set(path, answer);
    // Its answers are what is waited for.
    if (!this.#asking) void this.#askAll();
    return answer;
  }

  /** What is asked from now on is asked of git again: a .gitignore may have changed. */
  forget(): void {
    this.#answers.clear();
  }

  async #askAll(): Promise<void> {
    this.#asking = true;
    while (this.#waiting.length > 0) {
      // All that is asked at once goes in one question.
      await Promise.resolve();
      const asked = this.#waiting;
      this.#waiting = [];
      const rootOf = new Map(asked.map(({ path }) => [path, repositoryRoot(dirname(path))]));
      for (const root of new Set(rootOf.values())) {
        const group = asked.filter(({ path }) => rootOf.get(path) === root);
        const paths = group.map(({ path }) => path);
        const ignored = root === null ? new Set<string>() : await this.#ask(root, paths);
        for (const { path, answer } of group) answer(ignored.has(path));
      }
    }
    this.#asking = false;
  }
}
