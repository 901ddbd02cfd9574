import type { SimRng } from '@zkfl/fl-core';
import { stochasticRound } from '../gates/conform.ts';
import { conformUpdate, judge, type QuantisedUpdate, quantiseAsIs, type RoundPlan } from '../gates/round-plan.ts';

/** Decides about a message: `undefined` for accepted, else why not. */
export type Judge = (
  plan: RoundPlan,
  message: QuantisedUpdate,
  client: number,
) => string | undefined | Promise<string | undefined>;

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
 * does the client run the honest software, which projects into the gates first? `decide`: default the integer predicate;
 * a caller that has provers and verifiers passes them in here.
 */
export async function gateMessages(input: {
  readonly plan: RoundPlan;
  readonly updates: readonly Float32Array[];
  readonly conforms: (client: number) => boolean;
  readonly rng: SimRng;
  readonly decide?: Judge | undefined;
}): Promise<GatedMessage[]> {
  const { plan, updates, conforms, rng, decide = judge } = input;
  const messages: GatedMessage[] = [];
  for (const [client, update] of updates.entries()) {
    const stream = rng.stream(client);
    const round = (values: Float64Array) => stochasticRound(values, stream);
    const message = conforms(client) ? conformUpdate(plan, update, round) : quantiseAsIs(plan, update, round);
    messages.push({
      bucket: message.bucket,
      update: Float32Array.from(message.m, (value) => value / plan.scale),
      reason: await decide(plan, message, client),
    });
  }
  return messages;
}
