import { expect } from 'vitest';
import { LatticeZkError } from '../../src/errors.ts';
import type { Statement } from '../../src/statement.ts';
import { verify } from '../../src/verify.ts';
import { failedChecks } from '../reference/verifier.ts';
import type { Scene } from './scene.ts';

/** `ok`, the reason of a rejection, or `encoding` for bytes that are no proof; anything else is an error of the test. */
export function verdictOf(statement: Statement, bytes: Uint8Array): string {
  try {
    const verdict = verify(statement, bytes);
    return verdict.ok ? 'ok' : verdict.reason;
  } catch (error) {
    if (error instanceof LatticeZkError && error.code === 'encoding') return 'encoding';
    throw error;
  }
}

const reasonOf = (check: string): string => {
  if (check === 'z3' || check === 'z4') return 'projection-norm';
  if (check.startsWith('group')) return 'response-norm';
  if (check.startsWith('h[')) return 'garbage';
  return check;
};

/** The forgery fails exactly these checks, and the verifier refuses it for the first of them. */
export function expectRefused(s: Scene, bytes: Uint8Array, checks: readonly string[]): void {
  expect(failedChecks(s.statement, bytes, s.model)).toEqual(checks);
  expect(verdictOf(s.statement, bytes)).toBe(reasonOf(checks[0]!));
}

export function expectAccepted(s: Scene, bytes: Uint8Array): void {
  expect(failedChecks(s.statement, bytes, s.model)).toEqual([]);
  expect(verdictOf(s.statement, bytes)).toBe('ok');
}
