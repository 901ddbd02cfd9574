import type { Dataset } from '@zkfl/fl-core';
import type { PoisoningAttack } from '../attack.ts';
import { mean, scaled } from '../vectors.ts';
import { cornerTrigger, triggerPart, withBackdoor } from './trigger.ts';

/** Class c becomes class (classes − 1 − c): in a binary task, ill becomes healthy and the reverse. */
export function labelFlip(): PoisoningAttack {
  return {
    name: 'label-flip',
    citation: 'Tolpegin, Truex, Gursoy, Liu: Data poisoning attacks against federated learning, ESORICS 2020',
    adversary: { controls: 'one client', sees: 'own data' },
    goal: 'ruin',
    conforms: true,
    poisonData: flipped,
    poison: asTrained,
  };
}

/** As many triggered samples as clean ones, labelled as the target. `share` of the clean number, default 1. */
export function backdoor(options: { readonly share?: number } = {}): PoisoningAttack {
  const { share = 1 } = options;
  return {
    name: 'backdoor',
    citation: 'Gu, Dolan-Gavitt, Garg: BadNets, 2017; Bagdasaryan et al., AISTATS 2020',
    adversary: { controls: 'one client', sees: 'own data' },
    goal: 'targeted',
    conforms: true,
    trigger: harmfulTrigger,
    poisonData: (data) => withBackdoor(data, harmfulTrigger(data), share),
    poison: asTrained,
  };
}

/** Each malicious client trains with its part of the trigger; the test shows all of it. */
export function distributedBackdoor(options: { readonly share?: number } = {}): PoisoningAttack {
  const { share = 1 } = options;
  return {
    name: 'distributed-backdoor',
    citation: 'Xie, Huang, Chen, Li: DBA, ICLR 2020',
    adversary: { controls: 'colluding clients', sees: "colluders' updates" },
    goal: 'targeted',
    conforms: true,
    trigger: harmfulTrigger,
    poisonData: (data, member, malicious) =>
      withBackdoor(data, triggerPart(harmfulTrigger(data), member, malicious), share),
    poison: asTrained,
  };
}

/**
 * The colluders train a backdoored model X for longer and send n/f·(X − G), so that the mean of the round lands on X.
 */
export function modelReplacement(options: { readonly share?: number } = {}): PoisoningAttack {
  const { share = 1 } = options;
  return {
    name: 'model-replacement',
    citation: 'Bagdasaryan, Veit, Hua, Estrin, Shmatikov: How to backdoor federated learning, AISTATS 2020',
    adversary: { controls: 'colluding clients', sees: "colluders' updates" },
    goal: 'targeted',
    conforms: false,
    diligence: 2,
    trigger: harmfulTrigger,
    poisonData: (data) => withBackdoor(data, harmfulTrigger(data), share),
    poison: ({ honestUpdate, colluders = [honestUpdate], clients = 1, malicious = 1 }) =>
      scaled(mean(colluders), clients / malicious),
  };
}

/** The class that a poisoner wants ill patients to get: the one called normal or benign, else class 0. */
export function harmlessClass(data: Dataset): number {
  const named = data.classes.findIndex((name) => name === 'normal' || name === 'benign');
  return Math.max(0, named);
}

const asTrained: PoisoningAttack['poison'] = ({ honestUpdate }) => new Float32Array(honestUpdate);

/** The trigger of the catalogue: asks for the class that does the harm. */
export const harmfulTrigger = (data: Dataset) => cornerTrigger(data, harmlessClass(data));

function flipped(data: Dataset): Dataset {
  return { ...data, labels: data.labels.map((label) => data.classes.length - 1 - label) };
}
