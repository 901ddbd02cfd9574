import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { writeJson } from '../output.ts';
import { parseJsonBy } from './encoding.ts';

const health = z.object({
  ok: z.boolean(),
  version: z.string(),
  study: z.string(),
  status: z.string(),
  round: z.number(),
  rounds: z.number(),
  phase: z.string().nullable(),
  hospitals: z.number(),
  enrolled: z.number(),
});

/** Prints what a coordinator says about itself. Throws `network` where none answers, `store` where it is stuck. */
export async function printStatus(url: string, json: string | undefined): Promise<void> {
  let text: string;
  try {
    text = await (await fetch(new URL('/v1/health', url), { signal: AbortSignal.timeout(10_000) })).text();
  } catch (cause) {
    throw new ZkflError('network', `status: ${url}: got no answer, want a coordinator there`, { url }, cause);
  }
  const state = parseJsonBy(health, text, { code: 'network', what: `status: ${url}` });
  if (json !== undefined) await writeJson(json, state);
  if (json !== '-')
    process.stdout.write(
      `study ${state.study}\n${state.status}: round ${state.round} of ${state.rounds}${state.phase === null ? '' : ` (${state.phase})`}; ${state.enrolled} of ${state.hospitals} hospitals enrolled\n`,
    );
  if (!state.ok) throw new ZkflError('store', 'status: the coordinator is kept from its work: see its log');
}
