import { AttackError } from '../errors.ts';

/** Of one figure over seeds. */
export interface Summary {
  readonly mean: number;
  /** Sample standard deviation (n − 1); 0 for a single run. */
  readonly std: number;
  readonly count: number;
}

/** Mean and sample standard deviation of at least one finite number. */
export function summarise(values: readonly number[]): Summary {
  const count = values.length;
  if (count === 0 || !values.every(Number.isFinite))
    throw new AttackError('argument', {
      operation: 'summarise',
      field: 'values',
      got: count === 0 ? 'none' : values.join(', '),
      want: 'finite numbers, at least one',
    });
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count };
}

/** Attack-free minus attacked accuracy: positive where the attack hurt. Fractions 0–1. */
export const accuracyDrop = (attackFree: number, attacked: number): number => attackFree - attacked;
