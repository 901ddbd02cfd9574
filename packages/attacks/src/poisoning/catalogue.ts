import type { PoisoningAttack } from '../attack.ts';
import { lookUp } from '../errors.ts';
import { backdoor, distributedBackdoor, labelFlip, modelReplacement } from './data-poisoning.ts';
import { gaussian, prefixPoison } from './gaussian.ts';
import {
  adaptive,
  freeRider,
  innerProductManipulation,
  littleIsEnough,
  minMax,
  minSum,
  scaling,
  signFlip,
} from './update-poisoning.ts';

/** Every poisoning attack by name, at the strength that the matrix uses. */
export const POISONING_ATTACKS: Readonly<Record<string, () => PoisoningAttack>> = Object.freeze({
  gaussian: () => gaussian(),
  'prefix-512': () => prefixPoison({ prefix: 512 }),
  scaling: () => scaling(),
  'model-replacement': () => modelReplacement(),
  'sign-flip': () => signFlip(),
  'label-flip': () => labelFlip(),
  alie: () => littleIsEnough(),
  ipm: () => innerProductManipulation(),
  'min-max': () => minMax(),
  'min-sum': () => minSum(),
  backdoor: () => backdoor(),
  'distributed-backdoor': () => distributedBackdoor(),
  'free-rider': () => freeRider(),
  adaptive: () => adaptive(),
});

/** Throws `unknown-name` with the nearest known one. */
export const poisoningAttack = (name: string): PoisoningAttack => lookUp('attack', 'name', POISONING_ATTACKS, name)();
