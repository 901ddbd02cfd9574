import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Coordinator } from './coordinator.ts';

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];

/** Prometheus metrics of one coordinator. Labels come from closed sets: no client decides how many there are. */
export function createMetrics(coordinator: Coordinator, sessions: () => { pending: number; open: number }) {
  const registers = [new Registry()] as const;
  const [registry] = registers;
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'zkfl_http_request_seconds',
    help: 'HTTP requests by route and status',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers: [...registers],
  });
  const answers = new Histogram({
    name: 'zkfl_session_request_seconds',
    help: 'Requests inside sessions by type',
    labelNames: ['type'],
    buckets: SECONDS,
    registers: [...registers],
  });
  const bytes = new Counter({
    name: 'zkfl_session_received_bytes_total',
    help: 'Sealed bytes from hospitals',
    registers: [...registers],
  });
  const refusals = new Counter({
    name: 'zkfl_refused_total',
    help: 'Refused requests by reason',
    labelNames: ['reason'],
    registers: [...registers],
  });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [...registers],
      collect() {
        this.set(value());
      },
    });
  gauge('zkfl_round', 'The open round, 0 before the first', () => coordinator.round);
  gauge('zkfl_hospitals_enrolled', 'Hospitals that have enrolled', () => coordinator.members.length);
  gauge('zkfl_sessions_open', 'Sessions with hospitals', () => sessions().open);
  gauge('zkfl_handshakes_pending', 'Handshakes under way', () => sessions().pending);
  gauge('zkfl_work_queue_depth', 'Proofs and sums that wait or run', () => coordinator.work.depth);
  gauge('zkfl_audit_entries', 'Entries of the audit log', () => (coordinator.head?.entry.seq ?? -1) + 1);
  gauge('zkfl_healthy', '1 where nothing keeps the coordinator from its work', () =>
    coordinator.problem === null ? 1 : 0,
  );
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: (route: string, status: number, seconds: number) =>
      requests.observe({ route, status: String(status) }, seconds),
    answered(type: string, seconds: number, received: number) {
      answers.observe({ type }, seconds);
      bytes.inc(received);
    },
    refused: (reason: string) => refusals.inc({ reason }),
  };
}
