import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Coordinator } from '../../src/consortium/coordinator.ts';
import { type DemoSettings, draftDemo, studyOf } from '../../src/consortium/draft.ts';
import { toBase64 } from '../../src/consortium/encoding.ts';
import { HospitalParty } from '../../src/consortium/hospital.ts';
import { loadHospitalData } from '../../src/consortium/hospital-data.ts';
import { HospitalFolder } from '../../src/consortium/hospital-folder.ts';
import type { HospitalData } from '../../src/consortium/hospital-share.ts';
import { generateParty, type Identity } from '../../src/consortium/identity.ts';
import { createServer, type ServerOptions } from '../../src/consortium/server.ts';
import { Store } from '../../src/consortium/store.ts';
import { type SignedStudy, signStudy } from '../../src/consortium/study-file.ts';
import { tokenHash } from '../../src/consortium/tokens.ts';
import { WorkThreads } from '../../src/consortium/work-threads.ts';

export const DASHBOARD_TOKEN = 'dashboard-token-of-a-test';

/** A coordinator on a real socket of the loopback, in this process. */
export interface Running {
  readonly coordinator: Coordinator;
  readonly server: FastifyInstance;
  readonly url: string;
  stop(): Promise<void>;
}

/** A small study in a folder of its own. */
export class Scene {
  readonly directory: string;
  readonly identity: Identity;
  readonly signed: SignedStudy;
  readonly tokens: readonly string[];
  readonly said: string[] = [];
  /** what the coordinator logged, at every level */
  readonly logged: string[] = [];
  readonly #identities = new Map<number, Identity>();
  #running: Running | null = null;

  private constructor(directory: string, identity: Identity, signed: SignedStudy, tokens: readonly string[]) {
    this.directory = directory;
    this.identity = identity;
    this.signed = signed;
    this.tokens = tokens;
  }

  static async create(settings: Partial<DemoSettings> = {}): Promise<Scene> {
    const directory = await mkdtemp(join(tmpdir(), 'zkfl-consortium-'));
    const identity = await generateParty('coordinator');
    const draft = await draftDemo({ dataset: 'wdbc', hospitals: 3, rounds: 2, ...settings });
    const signed = await signStudy(studyOf(draft, identity, new Date()), identity);
    const tokens = Array.from({ length: draft.hospitals }, () => toBase64(randomBytes(32)));
    const store = await Store.open(directory, { exclusive: false });
    store.transaction(() => {
      for (const [client, token] of tokens.entries()) store.addToken(tokenHash(token), client);
    });
    store.close();
    return new Scene(directory, identity, signed, tokens);
  }

  async start(options: Partial<ServerOptions> & { readonly now?: () => number } = {}): Promise<Running> {
    const { now, ...server } = options;
    const store = await Store.open(this.directory, { exclusive: true });
    const log = pino({ level: 'trace' }, { write: (line: string) => void this.logged.push(line) });
    const { identity, signed } = this;
    const coordinator = await Coordinator.open({
      store,
      identity,
      signed,
      work: new WorkThreads(1),
      log,
      ...(now ? { now } : {}),
    });
    const app = await createServer({ coordinator, identity, log, dashboardToken: DASHBOARD_TOKEN, ...server });
    await app.listen({ host: '127.0.0.1', port: 0 });
    let stopped = false;
    this.#running = {
      coordinator,
      server: app,
      url: app.listeningOrigin,
      stop: async () => {
        if (stopped) return;
        stopped = true;
        await coordinator.close();
        await app.close();
      },
    };
    return this.#running;
  }

  async party(client: number): Promise<Identity> {
    const known = this.#identities.get(client);
    if (known) return known;
    const identity = await generateParty(`hospital ${client}`);
    this.#identities.set(client, identity);
    return identity;
  }

  /** Runs one hospital from its folder until its study ends. */
  async hospital(
    client: number,
    options: {
      readonly url?: string;
      readonly signal?: AbortSignal;
      readonly approve?: boolean;
      readonly data?: HospitalData;
    } = {},
  ): Promise<Awaited<ReturnType<HospitalParty['run']>>> {
    const folder = await HospitalFolder.open(join(this.directory, `hospital-${client}`));
    try {
      return await new HospitalParty({
        folder,
        identity: await this.party(client),
        signed: this.signed,
        token: this.tokens[client]!,
        data: options.data ?? (await loadHospitalData(this.signed.study, { path: null, share: client })),
        desk: {
          approveRoster: async () => options.approve ?? true,
          tell: (message) => this.said.push(`${client}: ${message}`),
        },
        link: {
          url: options.url ?? this.#running!.url,
          signal: options.signal,
          backoffMs: { first: 50, most: 400 },
        },
      }).run();
    } finally {
      folder.close();
    }
  }

  async end(): Promise<void> {
    await this.#running?.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
