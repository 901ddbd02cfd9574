import { z } from 'zod';
import { costsSchema, metricsSchema } from './audit-log.ts';
import { base64, digest } from './encoding.ts';

const client = z.number().int().min(0).max(499);
const round = z.number().int().min(0).max(1000);

/** Where a hospital stands. Written whole after each step, before anything of the step leaves the hospital. */
export const hospitalStateSchema = z.strictObject({
  version: z.literal(1),
  study: digest,
  client,
  /** approved by the hospital; null until enrolment is closed */
  roster: digest.nullable(),
  /** blobs: the public aggregation key, and the secret one sealed to this hospital */
  keys: z.strictObject({ publicKey: digest, secret: digest }).nullable(),
  /** rounds that are over for this hospital */
  round,
  /** the global model after them; names its blob */
  model: digest,
  /** the one update of the open round; names its blob. Never made twice once it is here. */
  upload: z.strictObject({ round, digest, signature: base64(3309), costs: costsSchema }).nullable(),
  /** what the coordinator has not been told yet */
  report: z
    .strictObject({ round, model: digest, metrics: metricsSchema.optional(), costs: costsSchema.optional() })
    .nullable(),
  history: z.array(
    z.strictObject({
      round,
      outcome: z.enum(['applied', 'skipped']),
      model: digest,
      own: z.enum(['accepted', 'not in it']),
      metrics: metricsSchema.optional(),
    }),
  ),
});
export type HospitalState = z.infer<typeof hospitalStateSchema>;

/** Where a hospital keeps what it must not lose: a folder here, whatever a browser has there. */
export interface HospitalMemory {
  state(): Promise<HospitalState | null>;
  /** durable when it resolves */
  save(state: HospitalState): Promise<void>;
  /** bytes by their SHA-256 */
  readonly blobs: {
    get(digest: string): Promise<Uint8Array<ArrayBuffer>>;
    /** durable when it resolves to the digest */
    put(bytes: Uint8Array): Promise<string>;
    remove(digest: string): Promise<void>;
  };
}
