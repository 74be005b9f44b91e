import type { Times } from '../domain/app-spec.ts';
import { minutes, type Milliseconds, type Timestamp } from '../domain/time.ts';
import type { Timer } from '../platform/clock.ts';
import { equalJson } from '../util/compare.ts';
import type { SupervisePorts } from './ports.ts';

/** Something that is due at certain times. */
export interface Appointment {
  /** Unique in the timetable. */
  readonly id: string;
  readonly times: Times;
  /** What was due before has been seen to. */
  readonly from: Timestamp;
  readonly keep: (due: Timestamp) => void;
}

interface Entry {
  readonly times: Times;
  /** null: it is being found out, or there is none. */
  due: Timestamp | null;
}

/** The wall clock may be set, and the machine may sleep: it is looked at as often as this. */
const LOOK_AGAIN: Milliseconds = minutes(1);

/** Keeps appointments. Told again and again what there are: an appointment that is known stays as it is. */
export class Timetable {
  readonly #ports: Pick<SupervisePorts, 'clock' | 'nextTime'>;
  readonly #entries = new Map<string, Entry>();
  #appointments: readonly Appointment[] = [];
  #timer: Timer | null = null;

  constructor(ports: Pick<SupervisePorts, 'clock' | 'nextTime'>) {
    this.#ports = ports;
  }

  refresh(appointments: readonly Appointment[]): void {
    this.#appointments = appointments;
    const ids = new Set(appointments.map(({ id }) => id));
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
    for (const { id, times, from } of appointments) {
      if (!equalJson(this.#entries.get(id)?.times, times)) this.#enter(id, times, from);
    }
  }

  /** When an appointment is due next; null: never, or that is just being found out. */
  dueOf(id: string): Timestamp | null {
    return this.#entries.get(id)?.due ?? null;
  }

  close(): void {
    this.refresh([]);
    this.#timer?.cancel();
  }

  #enter(id: string, times: Times, from: Timestamp): void {
    const entry: Entry = { times, due: null };
    this.#entries.set(id, entry);
    // Not awaited: until it is known, nothing is due.
    void this.#findDue(id, entry, from);
  }

  async #findDue(id: string, entry: Entry, from: Timestamp): Promise<void> {
    const due = await this.#ports.nextTime(entry.times, from);
    if (this.#entries.get(id) !== entry) return;
    entry.due = due;
    this.#arm();
  }

  #arm(): void {
    const { clock } = this.#ports;
    this.#timer?.cancel();
    const dues = [...this.#entries.values()].flatMap(({ due }) => due ?? []);
    if (dues.length === 0) return;
    const wait = Math.min(LOOK_AGAIN, Math.max(0, Math.min(...dues) - clock.wallTime()));
    this.#timer = clock.after(wait, () => this.#look());
  }

  #look(): void {
    const now = this.#ports.clock.wallTime();
    for (const { id, keep } of this.#appointments) {
      const entry = this.#entries.get(id);
      const due = entry?.due ?? null;
      if (entry === undefined || due === null || due > now) continue;
      // Several that were missed are one.
      this.#enter(id, entry.times, now);
      keep(due);
    }
    this.#arm();
  }
}
