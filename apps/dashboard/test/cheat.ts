import { sign } from '@zkfl/kem';
import { UPDATE } from '../../orchestrator/src/consortium/domains.ts';
import { toBase64 } from '../../orchestrator/src/consortium/encoding.ts';
import { createEnrolment } from '../../orchestrator/src/consortium/enrolment.ts';
import type { Identity } from '../../orchestrator/src/consortium/identity.ts';
import { enrolAt, Link } from '../../orchestrator/src/consortium/link.ts';
import { updateBytes } from '../../orchestrator/src/consortium/protocol.ts';
import type { SignedStudy } from '../../orchestrator/src/consortium/study-file.ts';
import { digestOf } from '../../orchestrator/src/simulate/bytes.ts';
import { encodeMessage } from '../../orchestrator/src/simulate/wire.ts';

/** A hospital that enrols like any other and sends random bytes for a ciphertext in every round. */
export async function cheat(options: {
  readonly url: string;
  readonly identity: Identity;
  readonly signed: SignedStudy;
  readonly token: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { url, identity, signed, token, signal } = options;
  const study = signed.id;
  const enrolment = await createEnrolment(identity, study);
  const client = await enrolAt({ url, signed, token, enrolment });
  const link = new Link({ url, keyPair: identity.channel, signed, signal });
  try {
    for (let since = 0; !signal.aborted; ) {
      const { message } = await link.call<'state'>({ type: 'state', round: 0, since, wait: 5000 });
      since = message.revision;
      if (message.status === 'finished') return;
      const { round, phase, standing, model } = message;
      if (phase !== 'collecting' || standing !== 'awaited') continue;
      const payload = crypto.getRandomValues(new Uint8Array(61_500));
      const bytes = encodeMessage({ kind: 'update', study, round, client, model, payload, proof: payload });
      const digest = digestOf(bytes);
      const signature = toBase64(
        await sign({
          keyPair: identity.signature,
          message: updateBytes(study, round, client, digest),
          context: UPDATE,
        }),
      );
      await link.call<'upload-begin'>({ type: 'upload-begin', round, digest, bytes: bytes.length, signature });
      await link.call<'upload-chunk'>({ type: 'upload-chunk', round, digest, offset: 0 }, bytes);
      await link.call<'upload-commit'>({ type: 'upload-commit', round, digest });
    }
  } finally {
    link.close();
  }
}
