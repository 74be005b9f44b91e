import type { Failure } from './failure.ts';

/** An expected outcome, good or bad, as a value. What is thrown instead is a bug in eco. */
export type Result<T, E = Failure> = Ok<T> | Err<E>;
export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}
export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}
