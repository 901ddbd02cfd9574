import { z } from 'zod';
import { digest } from './encoding.ts';
import { tokenSchema } from './enrolment.ts';

/** What a hospital is given out of band: where, which study, and the token that lets it in once. */
export const invitationSchema = z.strictObject({
  version: z.literal(1),
  url: z.url({ protocol: /^https?$/ }),
  /** digest of the study, which names the coordinator's keys: pins both */
  study: digest,
  hospital: z.number().int().min(0).max(499),
  token: tokenSchema,
});
export type Invitation = z.infer<typeof invitationSchema>;
