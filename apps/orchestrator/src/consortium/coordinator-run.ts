import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { ZkflError } from '../errors.ts';
import { Coordinator } from './coordinator.ts';
import { readIdentity } from './identity.ts';
import { passphrase } from './passphrase.ts';
import { createServer } from './server.ts';
import { Store } from './store.ts';
import { readStudy } from './study-file.ts';
import { WorkThreads } from './work-threads.ts';

export interface CoordinatorFlags {
  readonly host: string;
  readonly port: number;
  readonly threads?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly dashboardToken?: string;
  readonly perMinute?: number;
  readonly startWithEnrolled?: boolean;
  readonly exitWhenFinished?: boolean;
  readonly passphraseFile?: string;
  readonly logLevel: string;
}

/** Nothing in our own records is secret; this is for what a library might add. */
const REDACTED = ['req.headers.authorization', 'headers.authorization', 'token', 'passphrase', 'secretKey'];

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ZkflError('study', `coordinator: ${path}: cannot be read: make a study with zkfl init`, { path }, cause);
  }
}

async function tlsOf({ tlsCert, tlsKey }: CoordinatorFlags) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new ZkflError('usage', 'coordinator: got one of --tls-cert and --tls-key, want both');
  return { cert: await readText(tlsCert), key: await readText(tlsKey) };
}

function listenError(cause: unknown, host: string, port: number): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return cause;
  return new ZkflError(
    'network',
    `coordinator: port: got ${host}:${port}, which another process uses, want a free one: --port, and the same in the invitations' url`,
    { port },
    cause,
  );
}

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });

/** `zkfl coordinator`: until a signal, the end of the study, or a failure. */
export async function runCoordinator(directory: string, flags: CoordinatorFlags): Promise<void> {
  const signed = await readStudy(await readText(join(directory, 'study.json')));
  const tls = await tlsOf(flags);
  const identity = await readIdentity(join(directory, 'coordinator.key'), await passphrase(flags.passphraseFile));
  const log = pino({ level: flags.logLevel, redact: REDACTED }, process.stderr);
  try {
    const store = await Store.open(directory, { exclusive: true });
    const work = new WorkThreads(flags.threads);
    const coordinator = await Coordinator.open({ store, identity, signed, work, log });
    const dashboardToken = flags.dashboardToken ?? process.env['ZKFL_DASHBOARD_TOKEN'] ?? null;
    const server = await createServer({
      coordinator,
      identity,
      log,
      dashboardToken,
      tls,
      ...(flags.perMinute === undefined ? {} : { perMinute: flags.perMinute }),
    });
    try {
      if (flags.startWithEnrolled) await coordinator.closeEnrolment();
      await server.listen({ host: flags.host, port: flags.port }).catch((cause) => {
        throw listenError(cause, flags.host, flags.port);
      });
      process.stdout.write(`${JSON.stringify({ listening: server.listeningOrigin, study: signed.id })}\n`);
      await Promise.race([
        stopSignal(),
        coordinator.failed,
        ...(flags.exitWhenFinished ? [finished(coordinator)] : []),
      ]);
    } finally {
      await coordinator.close();
      await server.close();
    }
  } finally {
    identity.wipe();
  }
}

/** Some seconds longer, so that hospitals can fetch the last sum and the log. */
async function finished(coordinator: Coordinator): Promise<void> {
  while (coordinator.status !== 'finished' && coordinator.status !== 'aborted' && !coordinator.closed)
    await coordinator.changed(coordinator.revision, 60_000);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
}
