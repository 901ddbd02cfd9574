import { createHash, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import { isKemError, open as openEnvelope } from '@zkfl/kem';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import { describeError, ZkflError } from '../errors.ts';
import { version } from '../version.ts';
import type { Coordinator } from './coordinator.ts';
import { dashboardView } from './dashboard-view.ts';
import { enrolmentContext } from './domains.ts';
import { parseJsonBy } from './encoding.ts';
import { enrolmentRequestSchema } from './enrolment.ts';
import type { Identity } from './identity.ts';
import { createMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { decodeFrame, encodeFrame, REQUEST_BYTES, requestSchema } from './protocol.ts';
import { answer } from './requests.ts';
import { SESSION_LIMITS, SessionError, type SessionLimits, SessionTable } from './sessions.ts';

export interface ServerOptions {
  readonly coordinator: Coordinator;
  readonly identity: Identity;
  readonly log: Logger;
  /** read-only access to the dashboard and the metrics; null switches both off */
  readonly dashboardToken: string | null;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly sessions?: SessionLimits;
  /** enrolments and handshakes a minute and address */
  readonly perMinute?: number;
  /** bytes of requests under way at once; more are asked to come again */
  readonly inFlightBytes?: number;
}

const OCTETS = 'application/octet-stream';
const PER_MINUTE = 600;
const IN_FLIGHT_BYTES = 192 * 2 ** 20;
const SMALL_BODY = 16 * 1024;
/** A client that takes longer for its headers, or for a whole request, is cut off. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 60_000;
const SLOW = { headersTimeout: HEADERS_MS, connectionsCheckingInterval: 2000 } as const;

/** Between two states on one event stream: hundreds of hospitals change the study many times a second. */
const EVENT_GAP_MS = 200;

/** The front-end's folder: beside the built program, or where it is built in the workspace; absent where it was not. */
const dashboardFolder = (): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../../dashboard/dist' : './dashboard', import.meta.url));

const STATUS: Readonly<Record<SessionError['code'], number>> = {
  'unknown-session': 404,
  busy: 503,
  handshake: 403,
  record: 400,
};

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The coordinator's HTTP face. Bodies that matter are kem envelopes or records; the rest is public. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { coordinator, identity, log, dashboardToken, tls, perMinute = PER_MINUTE } = options;
  const limit = options.inFlightBytes ?? IN_FLIGHT_BYTES;
  const sessions = new SessionTable({
    keyPair: identity.channel,
    study: coordinator.study.id,
    members: () => coordinator.members,
    limits: options.sessions ?? SESSION_LIMITS,
  });
  const metrics = createMetrics(coordinator, () => sessions.size);
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: REQUEST_BYTES,
    requestTimeout: REQUEST_MS,
    connectionTimeout: 2 * REQUEST_MS,
    keepAliveTimeout: REQUEST_MS,
    forceCloseConnections: true,
    ...(tls === undefined ? { http: SLOW } : { https: { ...SLOW, ...tls } }),
  }) as unknown as FastifyInstance;
  app.server.maxConnections = 4096;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(OCTETS, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await app.register(rateLimit, { global: false });
  const limited = { config: { rateLimit: { max: perMinute, timeWindow: 60_000 } } };

  let inFlight = 0;
  const held = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', async (request, reply) => {
    const length = Number(request.headers['content-length'] ?? 0);
    if (request.method === 'POST' && request.headers['content-length'] === undefined)
      return reply.code(411).send({ error: 'length', message: 'body: length: got none, want Content-Length' });
    if (length > 0 && inFlight + length > limit)
      return reply.code(503).header('retry-after', '1').send({ error: 'busy', message: 'server: busy: try again' });
    inFlight += length;
    held.set(request, length);
    // Whatever ends the exchange, an aborted connection too, gives its share back.
    reply.raw.once('close', () => {
      inFlight -= held.get(request) ?? 0;
      held.delete(request);
    });
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.request(request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1000);
  });
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error instanceof SessionError) {
      metrics.refused(error.code);
      return reply.code(STATUS[error.code]).send({ error: error.code, message: error.message });
    }
    if (error instanceof ZkflError && (error.code === 'protocol' || error.code === 'message')) {
      metrics.refused(error.code);
      return reply.code(error.code === 'protocol' ? 403 : 400).send({ error: error.code, message: error.message });
    }
    if (error instanceof ZkflError && error.code === 'store') {
      log.error({ problem: error.message }, 'storage');
      return reply.code(507).send({ error: 'store', message: error.message });
    }
    const status = error.statusCode ?? 500;
    if (status < 500) {
      metrics.refused(`http-${status}`);
      return reply.code(status).send({ error: 'request', message: error.message });
    }
    log.error({ error: describeError(error), url: request.routeOptions.url }, 'request failed');
    return reply.code(500).send({ error: 'internal', message: 'server: internal error: see its log' });
  });

  const bytesOf = (request: FastifyRequest): Uint8Array => {
    if (!(request.body instanceof Uint8Array))
      throw new ZkflError('message', `body: type: got something else, want ${OCTETS}`);
    return new Uint8Array(request.body.buffer, request.body.byteOffset, request.body.byteLength);
  };

  app.get('/v1/health', async (_request, reply) => {
    const { problem, status, round, members } = coordinator;
    reply.code(problem === null ? 200 : 503);
    const { hospitals, policy } = coordinator.study.study;
    return {
      ok: problem === null,
      version: version(),
      study: coordinator.study.id,
      status,
      round,
      rounds: policy.rounds,
      phase: coordinator.state?.phase.is ?? null,
      hospitals,
      enrolled: members.length,
    };
  });
  app.get('/v1/openapi.json', async () => openApiDocument());
  app.get('/v1/study', async (_request, reply) => reply.type('application/json').send(coordinator.study.text));

  app.post('/v1/enrol', { ...limited, bodyLimit: SMALL_BODY }, async (request) => {
    let opened: Uint8Array;
    try {
      opened = await openEnvelope({
        keyPair: identity.channel,
        message: bytesOf(request),
        context: enrolmentContext(coordinator.study.id),
      });
    } catch (error) {
      if (isKemError(error)) throw new ZkflError('message', `enrolment: envelope: ${error.message}`, {}, error);
      throw error;
    }
    const text = new TextDecoder().decode(opened);
    return coordinator.enrol(parseJsonBy(enrolmentRequestSchema, text, { code: 'message', what: 'enrolment' }));
  });

  app.post('/v1/sessions', { ...limited, bodyLimit: SMALL_BODY }, async (request, reply) => {
    const { id, message2 } = await sessions.begin(bytesOf(request));
    return reply.header('zkfl-session', id).type(OCTETS).send(message2);
  });
  app.post('/v1/sessions/:id/finish', { bodyLimit: SMALL_BODY }, async (request, reply) => {
    await sessions.finish((request.params as { id: string }).id, bytesOf(request));
    return reply.code(204).send();
  });
  app.post('/v1/sessions/:id', async (request, reply) => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const record = bytesOf(request);
    const sealed = await sessions.exchange((request.params as { id: string }).id, record, async (client, bytes) => {
      const framed = decodeFrame(bytes, requestSchema, 'request');
      const from = performance.now();
      const reply = await answer(coordinator, client, framed, gone.signal);
      metrics.answered(framed.message.type, (performance.now() - from) / 1000, record.length);
      return encodeFrame(reply);
    });
    return reply.type(OCTETS).send(sealed);
  });

  if (dashboardToken !== null) addDashboard(app, coordinator, dashboardToken, metrics);
  app.addHook('onClose', async () => sessions.close());
  return app;
}

function addDashboard(
  app: FastifyInstance,
  coordinator: Coordinator,
  token: string,
  metrics: ReturnType<typeof createMetrics>,
): void {
  const wanted = sha256(`Bearer ${token}`);
  const authorised = async (request: FastifyRequest, reply: FastifyReply) => {
    // Digests of one length: the comparison takes the same time whatever was sent.
    if (timingSafeEqual(sha256(request.headers.authorization ?? ''), wanted)) return;
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({ error: 'token', message: 'authorization: got another token, want the dashboard’s' });
  };
  const guarded = { preHandler: authorised };
  app.get('/v1/metrics', guarded, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
  app.get('/v1/dashboard/state', guarded, async () => dashboardView(coordinator));
  app.get('/v1/dashboard/events', guarded, (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const gone = new AbortController();
    request.raw.once('close', () => gone.abort());
    void stream();
    async function stream(): Promise<void> {
      let seen = -1;
      while (!gone.signal.aborted && !raw.destroyed && !coordinator.closed) {
        if (coordinator.revision > seen) {
          const view = dashboardView(coordinator);
          seen = view.revision;
          raw.write(`id: ${seen}\nevent: state\ndata: ${JSON.stringify(view)}\n\n`);
        } else raw.write(': still here\n\n');
        await sleep(EVENT_GAP_MS, undefined, { ref: false });
        await coordinator.changed(seen, 15_000, gone.signal);
      }
      raw.end();
    }
  });
  const folder = dashboardFolder();
  if (!existsSync(folder)) return;
  app.register(fastifyStatic, { root: folder, prefix: '/', wildcard: false });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    reply.header(
      'content-security-policy',
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });
}
