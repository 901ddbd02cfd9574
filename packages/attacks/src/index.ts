export type { Adversary, Goal, PoisoningAttack, PoisoningContext } from './attack.ts';
export type { AttackErrorCode, AttackErrorDetails } from './errors.ts';
export { AttackError } from './errors.ts';
export type { GaussianOptions, PrefixPoisonOptions } from './poisoning/gaussian.ts';
export { gaussian, PUBLISHED_DEVIATION, prefixPoison } from './poisoning/gaussian.ts';
