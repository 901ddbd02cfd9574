import type { SimRng } from '@zkfl/fl-core';
import { stochasticRound } from '../gates/conform.ts';
import { conformUpdate, judge, quantiseAsIs, type RoundPlan } from '../gates/round-plan.ts';

/** One client's message after the gates. */
export interface GatedMessage {
  readonly bucket: number;
  /** What the sum gets from this client, back in update units. */
  readonly update: Float32Array<ArrayBuffer>;
  /** The gate that it failed; `undefined` for accepted. */
  readonly reason: string | undefined;
}

/**
 * Quantises every update and applies the plan's gates to the integers, as provers and verifiers do. `conforms(client)`:
 * does the client run the honest software, which projects into the gates first?
 */
export function gateMessages(input: {
  readonly plan: RoundPlan;
  readonly updates: readonly Float32Array[];
  readonly conforms: (client: number) => boolean;
  readonly rng: SimRng;
}): GatedMessage[] {
  const { plan, updates, conforms, rng } = input;
  return updates.map((update, client) => {
    const stream = rng.stream(client);
    const round = (values: Float64Array) => stochasticRound(values, stream);
    const message = conforms(client) ? conformUpdate(plan, update, round) : quantiseAsIs(plan, update, round);
    return {
      bucket: message.bucket,
      update: Float32Array.from(message.m, (value) => value / plan.scale),
      reason: judge(plan, message),
    };
  });
}
