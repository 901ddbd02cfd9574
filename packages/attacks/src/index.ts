export type { AttackErrorCode, AttackErrorDetails } from './errors.ts';
export { AttackError } from './errors.ts';
