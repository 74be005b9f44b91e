import type { LogRotation } from '../domain/app-spec.ts';
import {
  compressArchive,
  freeArchiveNumber,
  isCompressed,
  keepPart,
  lastLineEnd,
  removeArchive,
  removeHalfCompressed,
  removeParts,
  removePlain,
  writePart,
  type LogArchive,
} from '../platform/log-archive.ts';
import { isFull, isMissing } from '../platform/file-errors.ts';
import {
  blankOut,
  blockSize,
  collapseHead,
  CUT_METHODS,
  newToken,
  punchHead,
  writeToken,
  type CutMethod,
} from '../platform/log-cut.ts';
import type { LiveLog, LogLedger, PendingCut } from '../platform/log-ledger.ts';
import { moveRest, type MoveOptions } from '../platform/log-truncate.ts';
import { unreachable } from '../util/unreachable.ts';
import type { LogProblem } from './log-problem.ts';
import { planRotation, roomForArchives, type LogGrowth } from './rotation-plan.ts';
import { messageOf } from '../util/message-of.ts';

export interface LogCutterOptions {
  readonly ledger: LogLedger;
  readonly onProblem: (path: string, problem: LogProblem) => void;
}

/** The same program on the same disk: one rotation may take five times as long as the next. */
const FORGETTING = 0.8;

interface Parts {
  /** Where each ends, as offsets. */
  readonly ends: readonly number[];
  /** So many of them go without becoming archives. */
  readonly dropped: number;
  /** Of the first archive. */
  readonly number: number;
}

/**
 * Takes older lines out of files that programs hold open and write to, losing none of them:
 *
 * ```
 * copy older lines to parts → intend (written down) → parts become archives → token at the beginning of the file
 *   → cutting (written down) → cut → done (written down)
 * ```
 *
 * A daemon that dies in between leaves a document from which the next one goes on: before "intend" nothing has happened,
 * from then on the archives count, and the token tells whether the cut is still to be made.
 */
export class LogCutter {
  readonly #ledger: LogLedger;
  readonly #onProblem: LogCutterOptions['onProblem'];
  /** What works, by device. */
  readonly #methods = new Map<number, CutMethod>();
  /** How much each file grew during the rotations of late. */
  readonly #growth = new Map<string, number>();
  /** The newest that each file ever had: what still works on an archive that is gone shall not meet another of its number. */
  readonly #numbers = new Map<string, number>();

  constructor({ ledger, onProblem }: LogCutterOptions) {
    this.#ledger = ledger;
    this.#onProblem = onProblem;
  }

  /** Finishes what an earlier daemon began. */
  async recover(): Promise<void> {
    for (const { path } of this.#ledger.documents()) {
      try {
        await this.#recover(path);
      } catch (error) {
        this.#onProblem(path, { type: 'failed', cause: messageOf(error) });
      }
    }
  }

  async #recover(path: string): Promise<void> {
    const live = this.#ledger.look(path);
    if (live !== null) await this.#finish(path, live);
    const { archives } = this.#ledger.document(path);
    for (const archive of archives) await this.#settle(path, archive);
    await removeParts(path);
    await removeHalfCompressed(path);
    if (live === null && archives.length === 0) this.#ledger.forget(path);
  }

  /** Nothing if the file is small enough. */
  async rotate(path: string, rotation: LogRotation): Promise<void> {
    const unfinished = this.#ledger.look(path);
    if (unfinished !== null) await this.#finish(path, unfinished);
    const live = this.#ledger.look(path);
    if (live === null) return;
    const plan = planRotation(this.#growthOf(path, live), rotation);
    if (plan === null) return;
    const ends = await partEnds(path, live, { ...rotation, parts: plan.dropped + plan.archived });
    const bytes = wholeBlocks(path, ends.at(-1) ?? 0);
    if (bytes === 0) return;
    await removeParts(path);
    const number = Math.max(freeArchiveNumber(path), (this.#numbers.get(path) ?? 0) + 1);
    await this.prune(path, plan.kept);
    const archives = await this.#archive(path, live, { ends, dropped: plan.dropped, number });
    this.#numbers.set(path, archives.at(-1)?.number ?? number);
    await this.makeRoom(path, rotation, archives.length);
    const cut: PendingCut = { phase: 'marking', method: this.#methodFor(live), token: newToken(), bytes };
    const { archives: before } = this.#ledger.document(path);
    await this.#ledger.writeDurably(path, {
      archives: [...before, ...archives],
      start: ends.at(-1) ?? live.offset,
      cut,
    });
    await this.#finish(path, live);
    const grown = this.#ledger.end(path) - live.end;
    this.#growth.set(path, Math.max(grown, FORGETTING * (this.#growth.get(path) ?? 0)));
  }

  /** For what a file has grown by since it was too large, and for copies of it: older archives go before their time. */
  async makeRoom(path: string, rotation: LogRotation, copies: number): Promise<void> {
    const live = this.#ledger.look(path);
    if (live !== null) await this.prune(path, roomForArchives(this.#growthOf(path, live), rotation) - copies);
  }

  /** Gives up all that the log holds, as a rotation without an archive does. Answers how many bytes that was. */
  async discard(path: string): Promise<number> {
    const live = this.#ledger.look(path);
    const oldest = this.#ledger.oldest(path);
    if (live !== null) await this.#finish(path, live);
    this.#ledger.keepForFollowers(path);
    await this.prune(path, 0);
    const now = this.#ledger.look(path);
    if (now === null) return this.#ledger.end(path) - oldest;
    const end = this.#ledger.keepForFollowers(path);
    const start = now.offset + end - now.start;
    const bytes = wholeBlocks(path, start);
    const cut: PendingCut = { phase: 'marking', method: this.#methodFor(now), token: newToken(), bytes };
    await this.#ledger.writeDurably(path, { archives: [], start, cut: bytes > 0 ? cut : null });
    if (bytes > 0) await this.#finish(path, now);
    else await blankOut(path, { from: 0, to: start });
    return end - oldest;
  }

  /** Its archives that are not compressed yet. Rotations may go on meanwhile, and take away what this works on. */
  async compress(path: string): Promise<void> {
    const isKept = ({ number }: LogArchive): boolean =>
      this.#ledger.document(path).archives.some((archive) => archive.number === number);
    for (const archive of this.#ledger.document(path).archives.filter(({ compressed }) => !compressed)) {
      try {
        await compressArchive(path, archive.number);
      } catch (error) {
        // One that is about to go may be gone already.
        if (isKept(archive) && !isMissing(error)) throw error;
      }
      if (isKept(archive)) await this.#settle(path, archive);
      else await removeArchive(path, archive);
    }
  }

  /** Removes archives until so many are left. */
  async prune(path: string, keep: number): Promise<void> {
    const { archives } = this.#ledger.document(path);
    const old = archives.slice(0, Math.max(0, archives.length - Math.max(0, keep)));
    if (old.length === 0) return;
    // On a full disk this is what makes room for writing it down.
    for (const archive of old) await removeArchive(path, archive);
    const isLeft = ({ number }: LogArchive): boolean => old.every((archive) => archive.number !== number);
    this.#ledger.write(path, { archives: this.#ledger.document(path).archives.filter(isLeft) });
    // Meanwhile one may have become compressed.
    for (const archive of old) await removeArchive(path, archive);
  }

  /** The parts that stay, each with its place in the log. */
  async #archive(path: string, live: LiveLog, { ends, dropped, number: first }: Parts): Promise<readonly LogArchive[]> {
    const positionOf = (offset: number): number => live.start + (offset - live.offset);
    const archives: LogArchive[] = [];
    for (const [index, to] of ends.entries()) {
      const from = ends[index - 1] ?? live.offset;
      const number = first + archives.length;
      if (index < dropped || to <= from || !(await this.#writePart(path, number, { from, to }))) continue;
      archives.push({ number, from: positionOf(from), to: positionOf(to), compressed: false });
    }
    return archives;
  }

  /** On a full disk the oldest lines go first: those in archives, and if that is not enough, these. */
  async #writePart(
    path: string,
    number: number,
    span: { readonly from: number; readonly to: number },
  ): Promise<boolean> {
    for (;;) {
      try {
        await writePart(path, number, span);
        return true;
      } catch (error) {
        if (!isFull(error)) throw error;
        const { archives } = this.#ledger.document(path);
        if (archives.length === 0) {
          this.#onProblem(path, { type: 'no-space' });
          return false;
        }
        await this.prune(path, archives.length - 1);
      }
    }
  }

  /** From the document alone, which is all that is left if the daemon dies. */
  async #finish(path: string, live: LiveLog): Promise<void> {
    for (;;) {
      const { cut, archives } = this.#ledger.document(path);
      if (cut === null) return;
      for (const { number } of archives) await keepPart(path, number);
      if (cut.phase === 'marking') {
        if (cut.method !== 'punch') await writeToken(path, cut.token);
        await this.#ledger.writeDurably(path, { cut: { ...cut, phase: 'cutting' } });
      }
      if (await this.#cut(path, cut)) return;
      const method = CUT_METHODS[CUT_METHODS.indexOf(cut.method) + 1] ?? 'truncate';
      this.#methods.set(live.device, method);
      if (method === 'truncate') this.#onProblem(path, { type: 'may-lose-lines' });
      await this.#ledger.writeDurably(path, { cut: { ...cut, method, phase: 'marking' } });
    }
  }

  /** False if the file system refuses it. */
  async #cut(path: string, { method, bytes, token }: PendingCut): Promise<boolean> {
    switch (method) {
      case 'collapse': {
        if (!(await collapseHead(path, bytes, { token }))) return false;
        const { base, start } = this.#ledger.document(path);
        await blankOut(path, { from: 0, to: start - bytes });
        this.#ledger.write(path, { base: base + bytes, start: start - bytes, cut: null });
        return true;
      }
      case 'punch':
        if (!(await punchHead(path, bytes))) return false;
        await blankOut(path, { from: bytes, to: this.#ledger.document(path).start });
        this.#ledger.write(path, { cut: null });
        return true;
      case 'truncate':
        this.#truncate(path, token);
        return true;
      default:
        return unreachable(method);
    }
  }

  /** What was written since the archives were made joins the last of them, where there is one and it has room. */
  #truncate(path: string, token: string): void {
    const { archives, base, start } = this.#ledger.document(path);
    const last = archives.at(-1);
    const archive = last?.to === base + start && !last.compressed ? last : null;
    const moved = this.#moveRest(path, { start, token, archive });
    const end = base + start + moved.bytes;
    const grown = archives.map((each) => (each === moved.archive ? { ...each, to: each.to + moved.bytes } : each));
    this.#ledger.write(path, { base: end, start: 0, cut: null, archives: grown });
  }

  #moveRest(path: string, options: MoveOptions): { readonly bytes: number; readonly archive: LogArchive | null } {
    try {
      return { bytes: moveRest(path, options), archive: options.archive };
    } catch (error) {
      if (!isFull(error) || options.archive === null) throw error;
      this.#onProblem(path, { type: 'no-space' });
      return { bytes: moveRest(path, { ...options, archive: null }), archive: null };
    }
  }

  /** Where the compressed form of an archive is there, it is whole, and the other one goes. */
  async #settle(path: string, { number }: LogArchive): Promise<void> {
    if (!isCompressed(path, number)) return;
    const { archives } = this.#ledger.document(path);
    const changed = archives.map((archive) => (archive.number === number ? { ...archive, compressed: true } : archive));
    this.#ledger.write(path, { archives: changed });
    await removePlain(path, number);
  }

  #growthOf(path: string, { start, end }: LiveLog): LogGrowth {
    return { held: end - start, during: this.#growth.get(path) ?? 0 };
  }

  #methodFor({ device }: LiveLog): CutMethod {
    return this.#methods.get(device) ?? CUT_METHODS[0];
  }
}

/** Where each part ends, as offsets: with the last line that begins in it, or in the middle of a line without end. */
async function partEnds(
  path: string,
  { offset }: LiveLog,
  { maxSize, parts }: { readonly maxSize: number; readonly parts: number },
): Promise<readonly number[]> {
  const ends: number[] = [];
  for (let part = 1; part <= parts; part += 1) {
    const from = ends.at(-1) ?? offset;
    const to = offset + part * maxSize;
    ends.push((await lastLineEnd(path, { from, to })) ?? wholeBlocks(path, to));
  }
  return ends;
}

/** Only whole blocks can be taken out of a file. */
function wholeBlocks(path: string, offset: number): number {
  const block = blockSize(path);
  return Math.floor(offset / block) * block;
}
